import { seededRandom } from '../../src/testing/clock.ts'
import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { caughtUp, monotonicMs, startClients, startEngine, until } from './engine.ts'
import { layLine, missingNetwork } from './network.ts'

const channel = 'feed/0'
const addresses = ['10.83.0.2', '10.83.0.3'] as const
/** By then every client reads again, in milliseconds after the new address is there. */
const resumedMs = 3_000

/** A client that changes its address, as a phone does that goes from one network into another. */
export const row: CrashRow = {
  id: 'address-change',
  fault:
    'the client’s address is deleted and another added, its connections destroyed (ss -K), under 50 events/s',
  promise: 'each transport reads on within 3 s of the new address, 0 lost, 0 twice, 0 out of order',
  cycles: { short: 20, full: 200 },
  missing: () => missingNetwork('ss'),
  async run({ seed, cycles, onProgress }) {
    const random = seededRandom(seed)
    const line = layLine()
    const setup = { host: line.serverAddress, heartbeatMs: 2_000, pingMs: 2_000 }
    const engine = await startEngine(setup, line.server)
    const url = `http://${line.serverAddress}:${engine.port}/live`
    const transports = ['sse', 'websocket', 'long-poll'] as const
    const clients = await startClients({ url, channel, transports }, line.client)
    const faults: string[] = []
    const tookMs: number[] = []
    try {
      await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
      await until(async () => (await clients.look()).highest.every((n) => n > 0))
      for (let cycle = 0; cycle < cycles; cycle++) {
        const [old, fresh] = [addresses[cycle % 2]!, addresses[(cycle + 1) % 2]!]
        line.address('del', old)
        line.client.run('ss', '-tK', 'dst', line.serverAddress)
        await pause(random() * 300)
        line.address('add', fresh)
        const at = monotonicMs()
        const back = await until(
          async () => (await clients.look()).heardAt.every((heard) => heard > at),
          30_000,
        )
        if (back === undefined) {
          faults.push(`change ${cycle + 1}: a client never came back`)
          break
        }
        tookMs.push(Math.round(back))
        if (back > resumedMs) faults.push(`change ${cycle + 1}: it took ${Math.round(back)} ms`)
        await pause(random() * 300)
        if ((cycle + 1) % 20 === 0) onProgress(`${cycle + 1} of ${cycles}, ${Math.max(...tookMs)} ms at most`)
      }
      const end = await caughtUp(clients, await engine.stop(channel))
      const { cuts } = await clients.look()
      const reconnects = cuts.reduce((sum, n) => sum + n, 0)
      const counts = { changes: tookMs.length, reconnects, slowestMs: Math.max(...tookMs), ...end.count }
      return { counts, faults: [...faults, ...end.faults, ...(await engine.look()).errors] }
    } finally {
      await clients.kill()
      await engine.kill()
      line.remove()
    }
  },
}
