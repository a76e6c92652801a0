import { startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { play } from './nats-stage.ts'
import type { CrashRow } from './row.ts'

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const row: CrashRow = {
  id: 'nats-restart',
  fault:
    'kill -9 of nats-server under the appends of two servers, and its restart; each fifth time on an older copy of its files',
  promise:
    'no acknowledged event passed over silently but for a new epoch, no offset reused in one, appends fail in time, caught up within 5 s',
  cycles: { short: 2, full: 60 },
  missing: () => (needs('nats') ? undefined : 'nats-server is not installed'),
  async run(options) {
    const server = await startNats()
    try {
      const log = { servers: server.url, bytes: 256 * 1024 * 1024 }
      return await play(
        {
          logs: [log, log],
          atOnce: 8,
          restMs: 5,
          async strike(random, cycle) {
            const loses = cycle % 5 === 1
            if (loses) {
              await server.save()
              await server.restart()
              await pause(500 + random() * 500)
            }
            await (loses ? server.restore() : server.kill())
            await pause(random() * 500)
            await server.restart()
          },
        },
        options,
      )
    } finally {
      await server.stop()
    }
  },
}
