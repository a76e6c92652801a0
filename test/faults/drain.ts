import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { monotonicMs, startEngine, until } from './engine.ts'
import type { Returned, ReturningOrder } from './returning.ts'
import { startTalking } from './talk.ts'

const channel = 'feed/0'
/** The share of all that any second may get. */
const largestShare = 0.15

/** A server with many readers that stops. */
export const row: CrashRow = {
  id: 'drain-5000',
  fault:
    'a server with 5,000 clients (SDK over SSE and WebSocket, native EventSources) gets SIGTERM; another one answers',
  promise: 'all are told within 5 s and come back by themselves; no second gets more than 15 % of them',
  cycles: { short: 10, full: 50 },
  async run({ cycles, onProgress }) {
    const count = cycles * 100
    const [first, second] = await Promise.all([startEngine(), startEngine()])
    const setup = { ports: [first.port, second.port], count, channel }
    const clients = await startTalking<ReturningOrder>('returning.ts', setup)
    const look = (): Promise<Returned> => clients.ask<Returned>({ do: 'look' })
    try {
      await clients.ask({ do: 'open' })
      const before = await look()
      onProgress(`${before.first} of ${count} are open`)
      const began = monotonicMs()
      first.signal('SIGTERM')
      const tookMs = (await until(async () => (await look()).first === 0, 30_000)) ?? Number.POSITIVE_INFINITY
      await until(async () => (await look()).second >= count, 60_000)
      await pause(500)
      const { second: back, told, untold, at } = await look()
      const perSecond = new Map<number, number>()
      for (const time of at) {
        const second = Math.floor((time - began) / 1_000)
        perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
      }
      const busiest = Math.max(0, ...perSecond.values())
      const spreadMs = Math.max(...at) - Math.min(...at)
      onProgress(`by second: ${[...perSecond].sort(([a], [b]) => a - b).map(([, n]) => n)}`)
      const exit = await Promise.race([first.ended, pause(25_000).then(() => 'still there')])
      const counts = { clients: count, told, untold, toldMs: Math.round(tookMs), back, busiest, spreadMs }
      const faults = [
        ...(before.first < count ? [`only ${before.first} were open`] : []),
        ...(untold > 0 ? [`${untold} were cut without a bye`] : []),
        ...(tookMs > 5_000 ? [`the last was told after ${Math.round(tookMs)} ms`] : []),
        ...(back < count ? [`only ${back} came back`] : []),
        ...(busiest > count * largestShare ? [`${busiest} came back in one second`] : []),
        ...(exit === 0 ? [] : [`the server ended with ${exit}`]),
      ]
      return { counts, faults }
    } finally {
      await clients.kill()
      await Promise.all([first.kill(), second.kill()])
    }
  },
}
