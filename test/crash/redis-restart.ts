import { redisLog } from '../../src/log/redis.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisMissing } from './redis-missing.ts'
import { addCounts, pause, Scene } from './redis-witness.ts'
import type { CrashOptions, CrashRow } from './row.ts'

/** What Redis keeps over a restart, by turns: nothing, most, all. */
const ways = ['off', 'everysec', 'always'] as const

export const row: CrashRow = {
  id: 'redis-restart',
  fault: 'Redis: kill -9 and restart, without AOF, with everysec and with always',
  promise: '0 silent gaps, 0 offsets used twice in an epoch; both readers identical; caught up within 5 s',
  cycles: { short: 3, full: 60 },
  missing: redisMissing,
  async run({ seed, cycles, onProgress }) {
    const counts: { [name: string]: number } = { cycles }
    const faults: string[] = []
    for (const [i, aof] of ways.entries()) {
      const share = Math.ceil((cycles - i) / ways.length)
      if (share > 0) await restarts(aof, { seed: seed + i, cycles: share, onProgress }, counts, faults)
    }
    return { counts, faults }
  },
}

async function restarts(
  aof: (typeof ways)[number],
  { seed, cycles, onProgress }: CrashOptions,
  counts: { [name: string]: number },
  faults: string[],
): Promise<void> {
  const random = seededRandom(seed)
  const server = await startRedis({ aof })
  try {
    const scene = new Scene([redisLog({ url: server.url }), redisLog({ url: server.url })])
    await scene.open()
    scene.load.start(500)
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await pause(100 + random() * 500)
      await server.kill()
      await pause(random() * 300)
      await server.start()
      await scene.caughtUp()
      onProgress(`AOF ${aof}, ${cycle}/${cycles}: ${scene.load.acknowledged.length} acknowledged`)
    }
    faults.push(...(await scene.end()).map((fault) => `AOF ${aof}: ${fault}`))
    addCounts(counts, scene.counts)
  } finally {
    await server.stop()
  }
}
