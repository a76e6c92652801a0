import { Redis } from 'ioredis'
import { redisLog } from '../../src/log/redis.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisMissing } from './redis-missing.ts'
import { pause, Scene } from './redis-witness.ts'
import type { CrashRow } from './row.ts'

/** What is deleted, by turns: all, or one of the keys, as an eviction does. */
const losses = ['all', 'log', 'oldest', 'empty', 'keys', 's:a'] as const

export const row: CrashRow = {
  id: 'redis-flushall',
  fault: 'Redis: FLUSHALL, and each key of the log deleted as an eviction does, under 500 publishes/s',
  promise: '0 silent gaps, 0 offsets used twice in an epoch; both readers identical; caught up within 5 s',
  cycles: { short: 6, full: 90 },
  missing: redisMissing,
  async run({ seed, cycles, onProgress }) {
    const random = seededRandom(seed)
    const server = await startRedis()
    const client = new Redis(server.url)
    try {
      const scene = new Scene([redisLog({ url: server.url }), redisLog({ url: server.url })])
      await scene.open()
      scene.load.start(500)
      for (let cycle = 0; cycle < cycles; cycle++) {
        await pause(100 + random() * 300)
        const loss = losses[cycle % losses.length]!
        if (loss === 'all') await client.flushall()
        else await client.del(`{fairlead}:${loss}`)
        await scene.caughtUp()
        onProgress(`${cycle + 1}/${cycles}: ${loss} deleted, ${scene.load.acknowledged.length} acknowledged`)
      }
      const faults = await scene.end()
      return { counts: { cycles, ...scene.counts }, faults }
    } finally {
      client.disconnect()
      await server.stop()
    }
  },
}
