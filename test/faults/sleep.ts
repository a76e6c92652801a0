import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { caughtUp, monotonicMs, startClients, startEngine, until } from './engine.ts'

const transports = ['sse', 'websocket', 'long-poll'] as const
const channel = 'feed/0'
/** By then a client that woke up reads again, in milliseconds. */
const awakeMs = 5_000

/** A client's process that is stopped, and goes on. */
export const row: CrashRow = {
  id: 'sleep',
  fault: 'a client’s process is stopped (SIGSTOP) for 1 to 60 s under 50 events/s, and goes on',
  promise: 'each transport reads on within 5 s of waking, over one stream, 0 lost, 0 twice, 0 out of order',
  cycles: { short: 1, full: 4 },
  async run({ cycles, onProgress }) {
    const sleepsMs = [5_000, 60_000, 1_000, 30_000].slice(0, cycles)
    const engine = await startEngine({ heartbeatMs: 2_000, pingMs: 2_000 })
    const url = `http://127.0.0.1:${engine.port}/live`
    const clients = await startClients({ url, transports, channel })
    const faults: string[] = []
    let slowestMs = 0
    let mostStreams = 0
    try {
      await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
      for (const ms of sleepsMs) {
        await until(async () => (await clients.look()).highest.every((n) => n > 0))
        clients.signal('SIGSTOP')
        await pause(ms)
        const published = await engine.stop(channel)
        await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
        clients.signal('SIGCONT')
        const wokeAt = monotonicMs()
        await until(async () => (await clients.look()).highest.every((n) => n > published), 20_000)
        const tookMs = monotonicMs() - wokeAt
        slowestMs = Math.max(slowestMs, tookMs)
        if (tookMs > awakeMs) faults.push(`after ${ms} ms of sleep it took ${tookMs} ms to read on`)
        // One stream for SSE and one for the WebSocket; polls are none.
        await until(async () => (await engine.look()).streams <= 2, 10_000)
        const { streams } = await engine.look()
        mostStreams = Math.max(mostStreams, streams)
        if (streams !== 2) faults.push(`${streams} streams are open where 2 are wanted`)
        onProgress(`slept ${ms} ms, read on after ${tookMs} ms`)
      }
      const end = await caughtUp(clients, await engine.stop(channel))
      const { cuts } = await clients.look()
      const reconnects = cuts.reduce((sum, n) => sum + n, 0)
      const counts = { sleeps: sleepsMs.length, slowestMs, reconnects, streams: mostStreams, ...end.count }
      return { counts, faults: [...faults, ...end.faults, ...(await engine.look()).errors] }
    } finally {
      await clients.kill()
      await engine.kill()
    }
  },
}
