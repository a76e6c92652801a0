import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { ChannelLog } from '../src/hub/channel-log.ts'
import { redisLog } from '../src/log/redis.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { type Comparison, runBench } from './rounds.ts'

/**
 * `tsx bench/redis-append.ts [--json] [--rounds 5]`: appends per second at the log's own interface, 64 in flight, 200
 * bytes each, beside a bare `XADD … MAXLEN ~` of the same bytes by ioredis, with as many in flight over one connection.
 */
const inFlight = 64
const count = 40_000
const kept = 1_000_000
const payload = JSON.stringify('x'.repeat(198))

/** Does something `count` times, so many at a time, and answers how often in a second. */
async function perSecond(once: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const one = async () => {
    for (let i = next++; i < count; i = next++) await once(i)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, one))
  return (count * 1000) / (performance.now() - began)
}

async function withLog(url: string, work: (log: ChannelLog) => Promise<number>): Promise<number> {
  const log = redisLog({ url, prefix: randomUUID(), events: kept, ageMs: Number.POSITIVE_INFINITY })
  await log.head()
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

const server = await startRedis()
const bare = new Redis(server.url)

const rounds = (
  name: string,
  atLeast: number,
  append: (log: ChannelLog, i: number) => Promise<unknown>,
): Comparison => ({
  name,
  unit: 'appends/s',
  ours: async () => {
    const figure = await withLog(server.url, (log) => perSecond((i) => append(log, i)))
    await bare.flushall()
    return figure
  },
  peer: async () => {
    const stream = randomUUID()
    const figure = await perSecond(() => bare.xadd(stream, 'MAXLEN', '~', kept, '*', 'e', payload))
    await bare.flushall()
    return figure
  },
  aim: { atLeast },
})

const event = { channel: 'orders', event: 'order', payload }
const comparisons: Comparison[] = [
  rounds('one channel', 0.7, (log) => log.append(event)),
  rounds('16 channels by turns', 0.7, (log, i) => log.append({ ...event, channel: `orders/${i % 16}` })),
  rounds('with keys', 0.5, (log, i) => log.append(event, { key: `key-${i}` })),
]

try {
  await runBench(
    'Appends to the log on Redis beside bare XADD by ioredis, 64 in flight, 200 bytes',
    comparisons,
  )
} finally {
  bare.disconnect()
  await server.stop()
}
