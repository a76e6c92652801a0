import { Redis } from 'ioredis'
import { redisLog } from '../../src/log/redis.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisMissing } from './redis-missing.ts'
import { RedisProxy } from './redis-proxy.ts'
import { pause, Scene } from './redis-witness.ts'
import type { CrashRow } from './row.ts'

export const row: CrashRow = {
  id: 'redis-failover',
  fault: 'Redis: failover to a replica that missed writes, under 1,000 publishes/s',
  promise: '0 silent gaps, 0 offsets used twice in an epoch; both readers identical; caught up within 5 s',
  cycles: { short: 2, full: 20 },
  missing: redisMissing,
  async run({ seed, cycles, onProgress }) {
    const random = seededRandom(seed)
    let primary = await startRedis({ aof: 'everysec' })
    const servers = [primary]
    const clients = await new RedisProxy(primary.port).listen()
    const replication = await new RedisProxy(primary.port).listen()
    try {
      let replica = await startRedis({ aof: 'everysec', replicaOf: replication.port })
      servers.push(replica)
      const scene = new Scene([redisLog({ url: clients.url }), redisLog({ url: clients.url })])
      await scene.open()
      scene.load.start(1_000)
      for (let cycle = 1; cycle <= cycles; cycle++) {
        await synced(replica.url)
        await pause(100 + random() * 300)
        // From here on the replica misses what is acknowledged.
        replication.cut()
        await pause(50 + random() * 300)
        await primary.kill()
        await command(replica.url, (client) => client.replicaof('NO', 'ONE'))
        clients.lead(replica.port)
        await scene.caughtUp()
        ;[primary, replica] = [replica, primary]
        replication.lead(primary.port)
        await replica.start()
        await command(replica.url, (client) => client.replicaof('127.0.0.1', replication.port))
        onProgress(`${cycle}/${cycles}: ${scene.load.acknowledged.length} acknowledged`)
      }
      const faults = await scene.end()
      return { counts: { failovers: cycles, ...scene.counts }, faults }
    } finally {
      await Promise.all([clients.close(), replication.close()])
      await Promise.all(servers.map((server) => server.stop()))
    }
  },
}

async function synced(url: string): Promise<void> {
  await command(url, async (client) => {
    for (let waited = 0; waited < 20_000; waited += 50) {
      if ((await client.info('replication')).includes('master_link_status:up')) return
      await pause(50)
    }
    throw new Error('The replica did not follow within 20 seconds.')
  })
}

async function command(url: string, work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(url)
  try {
    await work(client)
  } finally {
    client.disconnect()
  }
}
