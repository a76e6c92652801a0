import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { redisLog } from '../src/log/redis.ts'
import { startRedis } from '../test/support/redis-server.ts'
import type { ReaderOrder, ReaderTimes } from './redis-announce-reader.ts'
import { type Comparison, median, runBench } from './rounds.ts'

/**
 * `tsx bench/redis-announce.ts [--json] [--rounds 5]`: how long an event takes from one process to the feed of another,
 * beside a bare `PUBLISH` to a `SUBSCRIBE` of the same two processes. Once from the call, which is the stricter, and
 * once from the answer: then what is left is how much later than the sender the reader knows of it.
 */
const count = 2_000
const text = 'x'.repeat(180)

const server = await startRedis()
const reader = fork(fileURLToPath(new URL('redis-announce-reader.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
})

async function order(what: ReaderOrder): Promise<ReaderTimes> {
  reader.send(what)
  const [times] = (await once(reader, 'message')) as [ReaderTimes]
  return times
}

type Send = (payload: string) => Promise<unknown>

/** Sends one after the other, and answers the median from each call (or its answer) to when it came, in µs. */
async function delays(send: Send, from: 'call' | 'answer'): Promise<number> {
  const began: bigint[] = []
  for (let number = 0; number < count; number++) {
    const payload = JSON.stringify({ number, text })
    if (from === 'call') began.push(process.hrtime.bigint())
    await send(payload)
    if (from === 'answer') began.push(process.hrtime.bigint())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  const times = await order({ do: 'times' })
  if (times.length !== count) throw new Error(`${times.length} of ${count} came.`)
  // Before the answer: no later than it.
  return median(times.map(([number, at]) => Math.max(0, Number(BigInt(at) - began[number]!) / 1_000)))
}

async function ours(from: 'call' | 'answer'): Promise<number> {
  const prefix = randomUUID()
  const log = redisLog({ url: server.url, prefix })
  await log.head()
  await order({ do: 'follow', url: server.url, prefix, channel: 'news' })
  try {
    return await delays((payload) => log.append({ channel: 'news', event: 'item', payload }), from)
  } finally {
    await log.close()
  }
}

async function bare(): Promise<number> {
  const client = new Redis(server.url)
  await order({ do: 'subscribe', url: server.url, channel: 'news' })
  try {
    return await delays((payload) => client.publish('news', payload), 'call')
  } finally {
    client.disconnect()
  }
}

const comparisons: Comparison[] = [
  { name: 'from the call', unit: 'µs', ours: () => ours('call'), peer: bare, aim: { atMost: 3 } },
  { name: 'from the answer', unit: 'µs', ours: () => ours('answer'), peer: bare, aim: { atMost: 3 } },
]

try {
  await runBench(
    'From an append to the feed of another process, beside bare PUBLISH to SUBSCRIBE',
    comparisons,
  )
} finally {
  reader.kill()
  await server.stop()
}
