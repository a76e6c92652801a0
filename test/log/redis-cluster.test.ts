import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisLog, redisPresence } from '../../src/log/redis.ts'
import { needs } from '../support/needs.ts'
import { startRedisCluster } from '../support/redis-server.ts'
import { runRedisCases } from './redis-cases.ts'

const redis = needs('redis')

describe.skipIf(!redis)('redisLog on a cluster of three holds what every log promises', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())
  runRedisCases(() => ({
    url: `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
  }))

  it("uses an application's own client of the cluster, for presence, too", async () => {
    const client = new Cluster(cluster.ports.map((port) => ({ host: '127.0.0.1', port })))
    const log = redisLog({ client })
    const presence = redisPresence({ client })
    try {
      const appended = await log.append({ channel: 'a', event: 'e', payload: '0' })
      expect(appended.offset).toBe(1)
      await presence.touch('a', 'alice')
      expect(await presence.members('a')).toEqual(['alice'])
    } finally {
      await Promise.all([log.close(), presence.close()])
      client.disconnect()
    }
  })
})
