import { deepStrictEqual } from 'node:assert/strict'
import { casesOf, eventually } from './case-runner.ts'
import {
  all,
  appendTo,
  eventuallyTrimmed,
  gather,
  type LogContext,
  offsetsOf,
  readAll,
  tick,
} from './log-case.ts'

/** What a log and its channels keep. */
export const retentionCases = casesOf<LogContext>('retention', [
  ['log-count', 'A log keeps its newest events, whichever channel they are of.', logCount],
  ['log-age', 'A log lets go of events that are too old.', logAge],
  ['channel-count', 'A channel keeps its newest events, and takes nothing from another.', channelCount],
  ['channel-age', 'A channel lets go of events that are too old for it, and of no others.', channelAge],
  ['none', 'On a channel that keeps nothing an event is delivered, has no offset and cannot be read.', none],
  ['none-order', 'Events that are not kept are delivered in the order of their appends.', noneOrder],
])

async function logCount({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 5 })
  const order = ['a', 'b', 'a', 'a', 'b', 'a', 'b', 'b', 'a', 'b']
  const offsets = await appendTo(log, order)
  await eventuallyTrimmed(pass, log, 'a', offsets[3]!)
  await eventuallyTrimmed(pass, log, 'b', offsets[4]!)
  deepStrictEqual(offsetsOf(await readAll(log, all(['a', 'b'], offsets[4]!))), offsets.slice(5))
}

async function logAge({ open, pass }: LogContext): Promise<void> {
  const log = await open({ ageMs: 300 })
  const offsets = await appendTo(log, ['a', 'b', 'a'])
  await eventuallyTrimmed(pass, log, 'a', offsets[2]!)
  await eventuallyTrimmed(pass, log, 'b', offsets[1]!)
  const [next] = await appendTo(log, ['a'])
  const [event] = await readAll(log, all(['a'], offsets[2]!))
  deepStrictEqual([event?.offset, event?.prev], [next, offsets[2]])
}

async function channelCount({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const kept = await appendTo(log, ['a', 'a', 'a', 'a'])
  const few = await appendTo(log, ['b', 'b', 'b', 'b', 'b'], { retention: { count: 3 } })
  await eventuallyTrimmed(pass, log, 'b', few[1]!)
  deepStrictEqual(offsetsOf(await readAll(log, all(['b'], few[1]!))), few.slice(2))
  deepStrictEqual(offsetsOf(await readAll(log, all(['a']))), kept)
}

async function channelAge({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const kept = await appendTo(log, ['a', 'a'])
  const old = await appendTo(log, ['b', 'b'], { retention: { ageMs: 300 } })
  await eventuallyTrimmed(pass, log, 'b', old[1]!)
  deepStrictEqual(offsetsOf(await readAll(log, all(['a']))), kept)
  deepStrictEqual((await log.read(all(['b']), { events: 1, bytes: 1 })).gaps.length, 1)
}

async function none({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await feed.watch('a')
  await feed.watch('b')
  const [kept] = await appendTo(log, ['b'])
  const answer = await log.append(tick('a', '"here"'), { retention: 'none' })
  deepStrictEqual([answer.offset, answer.repeated], [null, false])
  await eventually(pass, 'both events came', () => seen.length === 2)
  const passed = seen.find((event) => event.channel === 'a')
  deepStrictEqual([passed?.offset, passed?.payload], [null, '"here"'])
  const page = await log.read(all(['a', 'b']), { events: 10, bytes: 1000 })
  deepStrictEqual([offsetsOf(page.events), page.gaps], [[kept], []])
  const head = await log.channelHead('a', 1)
  deepStrictEqual([head.last, head.earliest], [0, 0])
}

async function noneOrder({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await feed.watch('a')
  const payloads = Array.from({ length: 30 }, (_, i) => `${i}`)
  for (const payload of payloads) await log.append(tick('a', payload), { retention: 'none' })
  await eventually(pass, 'all events came', () => seen.length >= payloads.length)
  deepStrictEqual(
    seen.map((event) => event.payload),
    payloads,
  )
}
