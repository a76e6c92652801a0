import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { caughtUp, startClients, startEngine, until } from './engine.ts'

const channel = 'feed/0'
const stallMs = 5_000

/** A server whose event loop stands still. */
export const row: CrashRow = {
  id: 'loop-stall',
  fault: 'the server’s event loop is blocked for 5 s, with heartbeats every 6 s and pings every 2 s',
  promise: 'no heartbeat kill, by the server or by a client; 0 lost, 0 twice, 0 out of order',
  cycles: { short: 1, full: 5 },
  async run({ cycles, onProgress }) {
    const engine = await startEngine({ heartbeatMs: 6_000, pingMs: 2_000 })
    const url = `http://127.0.0.1:${engine.port}/live`
    const transports = Array.from({ length: 50 }, () => ['sse', 'websocket'] as const).flat()
    const clients = await startClients({ url, transports, channel })
    try {
      await until(async () => (await clients.look()).open.every(Boolean))
      for (let cycle = 1; cycle <= cycles; cycle++) {
        // Quiet through some of the stalls, so that heartbeats alone count.
        if (cycle % 2 === 0) await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
        else await engine.stop(channel)
        await engine.ask({ do: 'stall', ms: stallMs })
        await pause(4_000) // Time for what is late to do its harm.
        onProgress(`${cycle} of ${cycles}`)
      }
      await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
      await pause(200)
      const end = await caughtUp(clients, await engine.stop(channel))
      const { cuts } = await clients.look()
      const kills = cuts.reduce((sum, n) => sum + n, 0)
      const faults = [...end.faults, ...(kills > 0 ? [`${kills} streams were cut`] : [])]
      return { counts: { stalls: cycles, clients: transports.length, kills, ...end.count }, faults }
    } finally {
      await clients.kill()
      await engine.kill()
    }
  },
}
