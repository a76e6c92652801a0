import { redisLog } from '../../src/log/redis.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisMissing } from './redis-missing.ts'
import { RedisProxy } from './redis-proxy.ts'
import { pause, Scene } from './redis-witness.ts'
import type { CrashRow } from './row.ts'

const deadlineMs = 1_000
/** How much later than its deadline an append may fail, in milliseconds: the machine may be busy. */
const latenessMs = 1_000

export const row: CrashRow = {
  id: 'redis-partition',
  fault: 'Redis: one of two servers, or both, cut off from it; connections stay and carry nothing',
  promise:
    'publish fails within its deadline, no reader is told to come back, all caught up within 5 s of healing',
  cycles: { short: 2, full: 24 },
  missing: redisMissing,
  async run({ seed, cycles, onProgress }) {
    const random = seededRandom(seed)
    const server = await startRedis()
    const lines = await Promise.all([0, 1].map(() => new RedisProxy(server.port).listen()))
    try {
      const scene = new Scene(lines.map(({ url }) => redisLog({ url, deadlineMs })))
      await scene.open()
      for (let cycle = 0; cycle < cycles; cycle++) {
        scene.load.start(200)
        await pause(200)
        const cutOff = cycle % 3 === 2 ? lines : [lines[cycle % 2]!]
        for (const line of cutOff) line.stall()
        await pause(500 + random() * 4_000)
        for (const line of cutOff) line.heal()
        await scene.caughtUp()
        await scene.load.stop()
        onProgress(`${cycle + 1}/${cycles}: ${scene.load.acknowledged.length} acknowledged`)
      }
      const faults = await scene.end()
      const { longestFailureMs } = scene.load
      if (longestFailureMs > deadlineMs + latenessMs)
        faults.push(`an append failed after ${longestFailureMs} ms`)
      if (scene.counts.resets !== 0)
        faults.push(`readers were told to come back ${scene.counts.resets} times`)
      return { counts: { cycles, ...scene.counts, 'slowest failure ms': longestFailureMs }, faults }
    } finally {
      await Promise.all(lines.map((line) => line.close()))
      await server.stop()
    }
  },
}
