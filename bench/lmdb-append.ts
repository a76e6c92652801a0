import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import type { ChannelLog } from '../src/hub/channel-log.ts'
import { lmdbLog } from '../src/log/lmdb.ts'
import { type Comparison, median, runBench } from './rounds.ts'

/**
 * `tsx bench/lmdb-append.ts [--json] [--rounds 5]`: appends per second at the log's own interface, 64 in flight, 200
 * bytes each, beside a bare loop of `lmdb` that puts the same payloads with the same `overlappingSync` (a record of ours
 * takes about 47 bytes more); and the time to read 1,000 missed events out of 1,000,000 kept, beside 1,000 out of 1,000.
 */
const inFlight = 64
const count = 30_000
const kept = 1_000_000
const payload = JSON.stringify('x'.repeat(198))
const event = { channel: 'orders', event: 'order', payload }

const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
let made = 0

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

async function ours(append: (log: ChannelLog, i: number) => Promise<unknown>): Promise<number> {
  const path = join(folder, `${made++}`)
  const log = lmdbLog({ path })
  const figure = await perSecond((i) => append(log, i))
  await log.close()
  rmSync(path, { recursive: true })
  return figure
}

async function bare(): Promise<number> {
  const path = join(folder, `${made++}`)
  const options = { path, noSubdir: false, overlappingSync: false, encoding: 'binary' } as const
  const db = open<Buffer, number>(options)
  const figure = await perSecond((i) => db.put(i, Buffer.from(payload)))
  await db.close()
  rmSync(path, { recursive: true })
  return figure
}

const rounds = (
  name: string,
  atLeast: number,
  append: (log: ChannelLog, i: number) => Promise<unknown>,
): Comparison => ({ name, unit: 'appends/s', ours: () => ours(append), peer: bare, aim: { atLeast } })

/** The median time in which the newest 1,000 events are read, in milliseconds. */
async function resume(log: ChannelLog): Promise<number> {
  const { newest } = await log.channelHead(event.channel, 1_000)
  const times: number[] = []
  for (let i = 0; i < 25; i++) {
    const began = performance.now()
    for (let after = newest, more = true; more; ) {
      const page = await log.read([{ channel: event.channel, after }], { events: 200, bytes: 1024 ** 2 })
      after = page.reached
      more = page.more
    }
    times.push(performance.now() - began)
  }
  return median(times)
}

async function filled(events: number): Promise<ChannelLog> {
  const log = lmdbLog({ path: join(folder, `${made++}`), bytes: 4 * 1024 ** 3 })
  for (let done = 0; done < events; done += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, () => log.append(event)))
  }
  return log
}

const logs = new Map<number, Promise<ChannelLog>>()
const logOf = (events: number): Promise<ChannelLog> => {
  const log = logs.get(events) ?? filled(events)
  logs.set(events, log)
  return log
}

const comparisons: Comparison[] = [
  rounds('one channel', 0.7, (log) => log.append(event)),
  rounds('16 channels by turns', 0.7, (log, i) => log.append({ ...event, channel: `orders/${i % 16}` })),
  rounds('with keys', 0.5, (log, i) => log.append(event, { key: `key-${i}` })),
  {
    name: 'resume of 1,000 out of 1,000,000, beside out of 1,000',
    unit: 'ms',
    ours: async () => resume(await logOf(kept)),
    peer: async () => resume(await logOf(1_000)),
    aim: { atMost: 1.5 },
  },
]

try {
  await runBench('Appends to the log on LMDB beside bare puts of lmdb, 64 in flight, 200 bytes', comparisons)
} finally {
  for (const log of logs.values()) await (await log).close()
  rmSync(folder, { recursive: true })
}
