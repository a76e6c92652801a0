import { type Constants, heartbeatSeconds, wireBytes } from './constants.ts'
import type { Facts } from './inputs.ts'
import type { AdvisedTransport } from './transports.ts'

/** What an option costs for one client; only for what Fairlead serves, and for a poll. */
export interface Cost {
  /** Bytes per second on the wire in both directions, payloads included. */
  readonly bytesPerSecond: number
  /** HTTP requests per second after the connection is open. */
  readonly requestsPerSecond: number
  /** Connections held open. */
  readonly connections: number
  /** Memory of the server for one client, in bytes. */
  readonly memory: number
  /** Processor time of the server, in microseconds per second. */
  readonly cpu: number
  /** How late an event down, and a message up, may be (95th percentile), in milliseconds. */
  readonly downMs: number
  readonly upMs: number
}

/** What comes down over a transport, and what it costs while nothing does. */
type Down = Pick<Cost, 'bytesPerSecond' | 'requestsPerSecond' | 'connections' | 'memory' | 'cpu' | 'downMs'>

/** The cost of an option, or undefined for what is not ours to count. */
export function costOf(option: AdvisedTransport, facts: Facts, constants: Constants): Cost | undefined {
  const down = downCost(option, facts, constants)
  if (down === undefined) return undefined
  const up = option === 'websocket' ? frames(facts, constants) : posts(facts, constants)
  return {
    ...down,
    bytesPerSecond: down.bytesPerSecond + up.bytesPerSecond,
    requestsPerSecond: down.requestsPerSecond + up.requestsPerSecond,
    cpu: down.cpu + up.cpu,
    upMs: up.upMs,
  }
}

function downCost(option: AdvisedTransport, facts: Facts, constants: Constants): Down | undefined {
  switch (option) {
    case 'sse':
    case 'sse+post':
      return sse(facts, constants)
    case 'websocket':
      return websocket(facts, constants)
    case 'long-poll':
      return longPoll(facts, constants)
    case 'poll':
      return poll(facts, constants)
    case 'post-only':
      return { bytesPerSecond: 0, requestsPerSecond: 0, connections: 0, memory: 0, cpu: 0, downMs: 0 }
    default:
      return undefined
  }
}

function sse(facts: Facts, { cpu, memory }: Constants): Down {
  const base64 = facts.binary === 'continuous' ? 4 / 3 : 1
  const event = facts.downBytes * base64 + wireBytes.sseEvent[facts.http]
  return {
    bytesPerSecond: facts.eventRate * event + wireBytes.sseHeartbeat / heartbeatSeconds,
    requestsPerSecond: 0,
    connections: 1,
    memory: memory.sse,
    cpu: facts.eventRate * cpu.sseEvent,
    downMs: facts.rttP95Ms / 2,
  }
}

function websocket(facts: Facts, { cpu, memory }: Constants): Down {
  return {
    bytesPerSecond:
      facts.eventRate * (facts.downBytes + wireBytes.frameDown) +
      wireBytes.websocketHeartbeat / heartbeatSeconds,
    requestsPerSecond: 0,
    connections: 1,
    memory: memory.websocket,
    cpu: facts.eventRate * cpu.websocketEvent,
    downMs: facts.rttP95Ms / 2,
  }
}

function longPoll(facts: Facts, { cpu, memory }: Constants): Down {
  const roundTrip = facts.rttP95Ms / 1000
  const cycles = Math.min(facts.eventRate, 1 / roundTrip) + 1 / heartbeatSeconds
  return {
    bytesPerSecond: cycles * pollBytes(facts) + facts.eventRate * facts.downBytes,
    requestsPerSecond: cycles,
    connections: 1,
    memory: memory.longPoll,
    cpu: cycles * cpu.request,
    // Between an answer and the next request nothing can come down.
    downMs: facts.rttP95Ms / 2 + Math.min(1, facts.eventRate * roundTrip) * facts.rttP95Ms,
  }
}

/** Asked as rarely as the latency allows. */
function poll(facts: Facts, { cpu }: Constants): Down {
  const intervalMs = Math.max(1000, facts.latencyMs - facts.rttP95Ms / 2)
  const rate = 1000 / intervalMs
  const cached = facts.fanout === 'same' ? 0.05 : 1 // a CDN answers nearly all
  return {
    bytesPerSecond: rate * pollBytes(facts) + Math.min(rate, facts.eventRate) * facts.downBytes,
    requestsPerSecond: rate,
    connections: 0,
    memory: 0,
    cpu: rate * cpu.request * cached,
    downMs: intervalMs + facts.rttP95Ms / 2,
  }
}

function pollBytes({ http }: Facts): number {
  return wireBytes.pollUp[http] + wireBytes.pollDown[http]
}

type Up = Pick<Cost, 'bytesPerSecond' | 'requestsPerSecond' | 'cpu' | 'upMs'>

function posts(facts: Facts, { cpu, overheadMs }: Constants): Up {
  const { upRate, requestRate, upBytes, http, rttP95Ms, batchMs } = facts
  const headers = wireBytes.postUp[http] + wireBytes.postDown[http]
  // Over HTTP/1.1 an idle socket is closed: a rare POST opens a new one first.
  const cold = http === 'h1' && upRate > 0 && upRate < 1 / 60 ? 2 * rttP95Ms : 0
  return {
    bytesPerSecond: upRate * upBytes + requestRate * headers,
    requestsPerSecond: requestRate,
    cpu: requestRate * cpu.post,
    upMs: upRate === 0 ? 0 : rttP95Ms / 2 + overheadMs.post + cold + (requestRate < upRate ? batchMs : 0),
  }
}

function frames({ upRate, upBytes, rttP95Ms }: Facts, { cpu, overheadMs }: Constants): Up {
  return {
    bytesPerSecond: upRate * (upBytes + wireBytes.frameUp),
    requestsPerSecond: 0,
    cpu: upRate * cpu.frame,
    upMs: upRate === 0 ? 0 : rttP95Ms / 2 + overheadMs.frame,
  }
}
