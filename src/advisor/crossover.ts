import { type Constants, wireBytes } from './constants.ts'
import type { Facts } from './inputs.ts'

/** From which rate up a WebSocket beats SSE with POST, in messages (batched: in requests) per second and client. */
export interface Crossover {
  readonly perSecond: number
  /** Which of the three sets it. */
  readonly limit: 'cpu' | 'concurrency' | 'latency'
  /** Where the POSTs of 1000 clients would take one processor more than their frames. */
  readonly cpu: number
  /** Where half of the requests that a browser may have under way are under way. */
  readonly concurrency: number
  /** Where the slowest twentieth of POSTs falls behind frames, by more than 5 ms and a fifth. */
  readonly latency: number
  /** Where a session of ten minutes has sent more bytes. Shown, and never decides. */
  readonly bytes: number
}

/** Sockets of a browser to one host over HTTP/1.1; streams on one connection over HTTP/2. */
const parallel = { h1: 6, h2: 100, h3: 100, unknown: 6 } as const
/** Assumed, until a browser was measured on this path: the middle of "either will do" is 1 to 5 a second over h2. */
const latencyPrior = { h1: 5 / 3, h2: 5, h3: 5, unknown: 2.9 } as const
/** A thousand clients may fill one processor with POSTs beyond what frames would cost: microseconds a second for one. */
const budget = 1000
const sessionSeconds = 600

/** The crossover for a flow's surroundings; the flow's own rates do not enter. */
export function crossoverOf(facts: Facts, { cpu }: Constants): Crossover {
  const { http, rttP95Ms } = facts
  const dearer = Math.max(1, cpu.post - cpu.frame) // µs a message
  const parts = {
    cpu: budget / dearer,
    concurrency: (0.5 * (parallel[http] - 1)) / (rttP95Ms / 1000),
    latency: latencyPrior[http],
  }
  const limits = Object.entries(parts) as [Crossover['limit'], number][]
  const [limit, perSecond] = limits.reduce((least, one) => (one[1] < least[1] ? one : least))
  const postBytes = wireBytes.postUp[http] + wireBytes.postDown[http] - wireBytes.frameUp
  return { perSecond, limit, ...parts, bytes: wireBytes.newConnection / (sessionSeconds * postBytes) }
}
