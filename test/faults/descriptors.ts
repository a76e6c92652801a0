import { connect, type Socket } from 'node:net'
import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { caughtUp, startClients, startEngine, until } from './engine.ts'
import { freePort } from './free-port.ts'

const channel = 'feed/0'
const limit = 256
const flood = 1_000
const recoveredMs = 1_000

/** A server whose descriptors run out. */
export const row: CrashRow = {
  id: 'fd-exhaustion',
  fault: '1,000 connections are opened to a server with `ulimit -n 256`, and let go',
  promise:
    'no crash; streams that are open go on; /healthz answers; a new stream opens within 1 s of the release; 0 lost, 0 twice',
  cycles: { short: 1, full: 5 },
  async run({ cycles, onProgress }) {
    const operationsPort = await freePort()
    const prefix = ['sh', '-c', `ulimit -n ${limit}; exec "$@"`, 'sh']
    const engine = await startEngine({ heartbeatMs: 2_000, operationsPort }, { prefix })
    const url = `http://127.0.0.1:${engine.port}/live`
    const clients = await startClients({ url, channel, transports: ['sse', 'websocket', 'sse', 'websocket'] })
    const counts = { floods: 0, healthAsked: 0, healthFailed: 0, recoveredMs: 0, cuts: 0 }
    const faults: string[] = []
    let sockets: Socket[] = []
    try {
      await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
      await until(async () => (await clients.look()).open.every(Boolean))
      for (let cycle = 1; cycle <= cycles; cycle++) {
        sockets = Array.from({ length: flood }, () => connect(engine.port, '127.0.0.1').on('error', () => {}))
        for (let asked = 0; asked < 20; asked++) {
          counts.healthAsked++
          if (!(await answers(`http://127.0.0.1:${operationsPort}/healthz`))) counts.healthFailed++
          await pause(50)
        }
        for (const socket of sockets) socket.destroy()
        const tookMs = await until(() => answers(`${url}/${channel}?limit=1`), 10_000)
        counts.recoveredMs = Math.max(counts.recoveredMs, Math.round(tookMs ?? Number.POSITIVE_INFINITY))
        counts.floods++
        onProgress(`${cycle} of ${cycles}, back after ${Math.round(tookMs ?? -1)} ms`)
      }
      const end = await caughtUp(clients, await engine.stop(channel))
      counts.cuts = (await clients.look()).cuts.reduce((sum, n) => sum + n, 0)
      faults.push(...end.faults, ...(await engine.look()).errors)
      if (counts.healthFailed > 0) faults.push(`/healthz failed ${counts.healthFailed} times`)
      if (counts.cuts > 0) faults.push(`${counts.cuts} streams were cut`)
      if (counts.recoveredMs > recoveredMs) faults.push('it came back too late')
      return { counts: { ...counts, ...end.count }, faults }
    } finally {
      for (const socket of sockets) socket.destroy()
      await clients.kill()
      await engine.kill()
    }
  },
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      headers: { connection: 'close', accept: 'application/json' },
      signal: AbortSignal.timeout(2_000),
    })
    await answer.text()
    return answer.ok
  } catch {
    return false
  }
}
