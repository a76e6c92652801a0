import { Redis } from 'ioredis'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { redisLog } from '../../src/log/redis.ts'
import { isFairleadError } from '../../src/protocol/index.ts'
import { startRedis } from '../support/redis-server.ts'
import { channels } from './redis-load.ts'
import { redisMissing } from './redis-missing.ts'
import { Scene } from './redis-witness.ts'
import type { CrashRow } from './row.ts'

export const row: CrashRow = {
  id: 'redis-maxmemory',
  fault: 'Redis: maxmemory reached',
  promise: 'storage_full and nothing half-written, reads go on, and appends when there is room again',
  cycles: { short: 2, full: 20 },
  missing: redisMissing,
  async run({ cycles, onProgress }) {
    const server = await startRedis()
    const client = new Redis(server.url)
    try {
      const logs = [redisLog({ url: server.url }), redisLog({ url: server.url })]
      const scene = new Scene(logs)
      const counts = { refused: 0, filled: 0 }
      await scene.open()
      for (let cycle = 1; cycle <= cycles; cycle++) {
        await limit(client, 2_000_000)
        counts.filled += await fill(logs[0]!)
        // What is used moves with every connection's buffers: from here on there is no room for anything.
        await limit(client, -500_000)
        counts.refused += await refusals(logs, scene.faults)
        await client.config('SET', 'maxmemory', '0')
        await scene.caughtUp()
        onProgress(`${cycle}/${cycles}: ${counts.refused} refused`)
      }
      const faults = await scene.end()
      if (scene.counts.resets !== 0)
        faults.push(`readers were told to come back ${scene.counts.resets} times`)
      return { counts: { cycles, ...counts, ...scene.counts }, faults }
    } finally {
      client.disconnect()
      await server.stop()
    }
  },
}

/** Lets Redis use so much more, in bytes, than it does. */
async function limit(client: Redis, more: number): Promise<void> {
  const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
  await client.config('SET', 'maxmemory', String(used + more))
}

/** Appends until Redis is full, and answers how many it took. */
async function fill(log: ChannelLog): Promise<number> {
  for (let count = 0; ; count++) {
    try {
      await log.append({ channel: 'fill', event: 'e', payload: 'x'.repeat(30_000) })
    } catch (error) {
      if (isFairleadError(error) && error.code === 'storage_full') return count
      throw error
    }
  }
}

/** Tries to append to a full Redis; what is refused must leave nothing behind, and reads must go on. */
async function refusals(logs: readonly ChannelLog[], faults: string[]): Promise<number> {
  const before = await logs[1]!.head()
  const tries = logs.flatMap((log) =>
    Array.from({ length: 20 }, (_, i) =>
      log.append({ channel: channels[i % 3]!, event: 'e', payload: `${i}` }, { key: `full-${i}` }),
    ),
  )
  const outcomes = await Promise.allSettled(tries)
  const codes = new Set(
    outcomes.map((outcome) =>
      outcome.status === 'rejected' && isFairleadError(outcome.reason) ? outcome.reason.code : outcome.status,
    ),
  )
  if (codes.size !== 1 || !codes.has('storage_full'))
    faults.push(`appends ended with ${[...codes].join(', ')}`)
  const after = await logs[0]!.head()
  if (after.offset !== before.offset || after.epoch !== before.epoch)
    faults.push('a refused append left something')
  const page = await logs[1]!.read([{ channel: 'fill', after: 0 }], { events: 10, bytes: 1_000_000 })
  if (page.events.length === 0 && page.gaps.length === 0) faults.push('a full Redis is not read')
  return outcomes.length
}
