import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { type Clients, caughtUp, monotonicMs, startClients, startEngine, until } from './engine.ts'
import { layLine, missingNetwork } from './network.ts'

const everyMs = 4_000
const pingMs = 4_000
/** A poll names its wait as its interval. */
const pollEveryMs = 25_000
const quiet = 'feed/quiet'
const busy = 'feed/busy'
/**
 * The kernel gives a silent peer up after this many retries (about 13 s here); its default of 15 takes 15 minutes, and
 * no program of Node can set it for one socket.
 */
const retries = '5'
/** So long a stream may stand after its line went dead: the kernel's retries, or 30 s without a byte taken. */
const freedMs = 40_000

/** A line on which every packet is lost, both ways, and nobody is told. */
export const row: CrashRow = {
  id: 'half-open',
  fault: 'every packet of a line is dropped both ways, on a quiet and on a busy channel (tcp_retries2 = 5)',
  promise:
    'a client notices within 2 × everyMs + 2 s, the server frees a WebSocket by its pings and SSE within 40 s, no zombies; healed: 0 lost, 0 twice',
  cycles: { short: 1, full: 2 },
  missing: () => missingNetwork('nft'),
  async run({ cycles, onProgress }) {
    const line = layLine()
    line.server.sysctl('net.ipv4.tcp_retries2', retries)
    const engine = await startEngine({ host: line.serverAddress, heartbeatMs: everyMs, pingMs }, line.server)
    const url = `http://${line.serverAddress}:${engine.port}/live`
    const start = (channel: string): Promise<Clients> =>
      startClients({ url, channel, transports: ['sse', 'websocket', 'long-poll'] }, line.client)
    const both = await Promise.all([start(quiet), start(busy)])
    const faults: string[] = []
    const counts = { holes: 0, streamNoticedMs: 0, pollNoticedMs: 0, freedMs: 0, zombies: 0 }
    const look = async () => await Promise.all(both.map((clients) => clients.look()))
    try {
      await engine.ask({ do: 'publish', channels: [busy], rate: 200, bytes: 1_000 })
      for (let cycle = 1; cycle <= cycles; cycle++) {
        await until(async () => (await look()).every(({ open }) => open.every(Boolean)))
        await pause(1_000)
        const cutsBefore = (await look()).map(({ cuts }) => cuts)
        line.client.blackHole()
        const deadAt = monotonicMs()
        const freed = await until(async () => (await engine.look()).streams === 0, freedMs + 20_000)
        counts.freedMs = Math.max(counts.freedMs, Math.round(freed ?? Number.POSITIVE_INFINITY))
        if (freed === undefined || freed > freedMs) faults.push(`streams were freed after ${freed} ms`)
        onProgress(`the server freed its streams after ${Math.round(freed ?? -1)} ms`)
        const noticed = await until(
          async () => {
            const now = await look()
            return now.every(({ cuts }, i) => cuts.every((n, j) => n > cutsBefore[i]![j]!))
          },
          2 * pollEveryMs + 5_000,
        )
        if (noticed === undefined) faults.push('a client never noticed')
        for (const { lostAt } of await look()) {
          const [sse = 0, websocket = 0, poll = 0] = lostAt.map((at) => at - deadAt)
          counts.streamNoticedMs = Math.max(counts.streamNoticedMs, sse, websocket)
          counts.pollNoticedMs = Math.max(counts.pollNoticedMs, poll)
        }
        await until(async () => (await engine.look()).sockets === 0, 60_000)
        const { sockets } = await engine.look()
        counts.zombies = Math.max(counts.zombies, sockets)
        line.client.heal()
        counts.holes++
      }
      if (counts.streamNoticedMs > 2 * everyMs + 2_000) faults.push('a stream’s client noticed too late')
      if (counts.pollNoticedMs > 2 * pollEveryMs + 2_000) faults.push('a poll’s client noticed too late')
      if (counts.zombies > 0) faults.push(`${counts.zombies} sockets are left`)
      const last = await engine.stop(busy)
      const end = await caughtUp(both[1]!, last)
      return { counts: { ...counts, ...end.count }, faults: [...faults, ...end.faults] }
    } finally {
      await Promise.all(both.map((clients) => clients.kill()))
      await engine.kill()
      line.remove()
    }
  },
}
