import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { type Clients, caughtUp, type Engine, startClients, startEngine } from './engine.ts'
import { type IdleLine, startIdleLine } from './idle-line.ts'

const channel = 'feed/0'
const transports = ['sse', 'websocket'] as const
/** Of the time after which the hop cuts. Below it heartbeats keep a stream; the wheel's tick and a busy machine need room. */
const shares = [0.4, 0.6, 0.8, 1.1, 1.2]

/** A hop that cuts idle connections, against intervals below and above its limit. */
export const row: CrashRow = {
  id: 'idle-hop',
  fault: 'a hop cuts connections that are idle for 10 s, against heartbeats of 4, 6, 8, 11 and 12 s',
  promise: 'below 10 s no cut; above it each stream is cut and resumes: 0 lost, 0 twice, 0 out of order',
  cycles: { short: 1, full: 10 },
  async run({ cycles, onProgress }) {
    // The hop's limit in seconds is the number of cycles, so that the short form is the same at a tenth of the time.
    const idleMs = cycles * 1_000
    const results = await Promise.all(shares.map((share) => behindHop(idleMs, Math.round(share * idleMs))))
    const faults: string[] = []
    const counts: Record<string, number> = { idleMs }
    for (const { everyMs, cuts, received, wrong } of results) {
      counts[`cutsAt${everyMs}`] = cuts
      counts.received = (counts.received ?? 0) + received
      faults.push(...wrong.map((what) => `heartbeats of ${everyMs} ms: ${what}`))
      if (everyMs < idleMs && cuts > 0) faults.push(`heartbeats of ${everyMs} ms: ${cuts} cuts`)
      if (everyMs > idleMs && cuts < transports.length)
        faults.push(`heartbeats of ${everyMs} ms: ${cuts} cuts`)
    }
    onProgress(JSON.stringify(counts))
    return { counts, faults }
  },
}

async function behindHop(idleMs: number, everyMs: number) {
  let engine: Engine | undefined
  let line: IdleLine | undefined
  let clients: Clients | undefined
  try {
    // Pings would keep a WebSocket alive where its heartbeats do not.
    engine = await startEngine({ heartbeatMs: everyMs, pingMs: 300_000 })
    line = await startIdleLine(engine.port, idleMs)
    clients = await startClients({ url: `http://127.0.0.1:${line.port}/live`, channel, transports })
    // An event now and then: whatever is cut in between must not lose one.
    for (let round = 0; round < 3; round++) {
      await pause(1.7 * idleMs)
      await engine.ask({ do: 'flood', channel, count: 5, bytes: 10, tags: 0 })
    }
    const end = await caughtUp(clients, await engine.stop(channel))
    return { everyMs, cuts: line.cuts(), received: end.count.received, wrong: end.faults }
  } finally {
    await clients?.kill()
    await line?.close()
    await engine?.kill()
  }
}
