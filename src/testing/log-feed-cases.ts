import { deepStrictEqual, ok } from 'node:assert/strict'
import type { ChannelLog, StoredEvent } from '../hub/channel-log.ts'
import { casesOf, eventually } from './case-runner.ts'
import {
  all,
  appendTo,
  assertRising,
  gather,
  type LogContext,
  offsetsOf,
  readAll,
  tick,
  wholePage,
} from './log-case.ts'

/** The feed: the one way by which a process learns of events, its own included (promises 1, 2 and 3). */
export const feedCases = casesOf<LogContext>('feed', [
  ['in-order', 'Events of all watched channels come in offset order, as they can be read.', inOrder],
  ['concurrent', 'Of 64 appends at once each comes once, in offset order.', concurrent],
  ['only-watched', 'Only watched channels come, and none after it is no longer watched.', onlyWatched],
  ['watch-twice', 'Watching twice is watching once.', watchTwice],
  ['joins-history', 'What `watch` answers joins the feed to the history without a hole.', joinsHistory],
  ['again', 'A channel that is watched again goes on from what `watch` answers then.', watchedAgain],
  ['readable', 'What comes can be read at that moment.', readable],
  ['position', 'Up to the position of the feed everything was given.', position],
  ['append-inside', 'An append made while an event is given comes after it.', appendInside],
  ['closed', 'A closed log gives nothing more.', closed],
])

async function inOrder({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  for (const channel of ['a', 'b']) await feed.watch(channel)
  const offsets = await appendTo(log, ['a', 'b', 'b', 'a', 'b', 'a'])
  await eventually(pass, 'all events came', () => seen.length >= offsets.length)
  deepStrictEqual(seen, await readAll(log, all(['a', 'b'])))
}

async function concurrent({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  const channels = ['a', 'b', 'c', 'd']
  for (const channel of channels) await feed.watch(channel)
  await Promise.all(Array.from({ length: 64 }, (_, i) => log.append(tick(channels[i % 4]!, `${i}`))))
  await eventually(pass, '64 events came', () => seen.length >= 64)
  assertRising(offsetsOf(seen))
  deepStrictEqual(offsetsOf(seen), offsetsOf(await readAll(log, all(channels))))
}

async function onlyWatched({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  for (const channel of ['a', 'end']) await feed.watch(channel)
  const offsets = await appendTo(log, ['a', 'b', 'a'])
  await eventually(pass, 'the watched channel came', () => seen.length >= 2)
  feed.unwatch('a')
  feed.unwatch('never')
  const [end] = await appendTo(log, ['a', 'b', 'end']).then((later) => later.slice(-1))
  await eventually(pass, 'the end came', () => seen.at(-1)?.offset === end)
  deepStrictEqual(offsetsOf(seen), [offsets[0], offsets[2], end])
}

async function watchTwice({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  for (const channel of ['a', 'a', 'end']) await feed.watch(channel)
  const offsets = await appendTo(log, ['a', 'a', 'end'])
  await eventually(pass, 'the end came', () => seen.at(-1)?.channel === 'end')
  deepStrictEqual(offsetsOf(seen), offsets)
  feed.unwatch('a')
  const [, end] = await appendTo(log, ['a', 'end'])
  await eventually(pass, 'the second end came', () => seen.at(-1)?.offset === end)
  deepStrictEqual(offsetsOf(seen), [...offsets, end])
}

async function joinsHistory({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await appendTo(log, ['a', 'b', 'a'])
  const during = Promise.all(Array.from({ length: 20 }, (_, i) => log.append(tick('a', `${i}`))))
  const from = await feed.watch('a')
  await during
  await assertJoined(pass, log, seen, from)
}

async function watchedAgain({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await feed.watch('a')
  await appendTo(log, ['a'])
  feed.unwatch('a')
  await appendTo(log, ['a', 'b', 'a'])
  const from = await feed.watch('a')
  await appendTo(log, ['a', 'a'])
  await assertJoined(pass, log, seen, from)
}

/** The history of `a` up to `from` and what came of it later are the whole channel; an event may be in both. */
async function assertJoined(
  pass: LogContext['pass'],
  log: ChannelLog,
  seen: readonly StoredEvent[],
  from: number,
): Promise<void> {
  const [end] = await appendTo(log, ['a'])
  await eventually(pass, 'the newest event came', () => seen.at(-1)?.offset === end)
  const page = await log.read(all(['a']), { ...wholePage, until: from })
  const later = offsetsOf(seen).filter((offset) => offset! > from)
  deepStrictEqual([...offsetsOf(page.events), ...later], offsetsOf(await readAll(log, all(['a']))))
}

async function readable({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const reads: Promise<boolean>[] = []
  const { feed } = gather(log, ({ channel, offset }) => {
    const page = log.read(all([channel], offset! - 1), { events: 1, bytes: 1 })
    reads.push(page.then(({ events }) => events[0]?.offset === offset))
  })
  await feed.watch('a')
  await Promise.all(Array.from({ length: 8 }, (_, i) => log.append(tick('a', `${i}`))))
  await eventually(pass, 'all events came', () => reads.length >= 8)
  deepStrictEqual(new Set(await Promise.all(reads)), new Set([true]))
}

async function position({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  await appendTo(log, ['a', 'b'])
  const { feed, seen } = gather(log)
  const from = await feed.watch('a')
  ok(from <= (await log.head()).offset, 'watch answers an offset that the log has reached')
  const offsets = await appendTo(log, ['a', 'b', 'a', 'b', 'b'])
  const last = offsets[2]!
  await eventually(pass, 'the position passed the newest watched event', () => feed.position >= last)
  deepStrictEqual(offsetsOf(seen), [offsets[0], last])
  ok(feed.position <= (await log.head()).offset)
}

async function appendInside({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const inner: Promise<unknown>[] = []
  let inside = false
  const { feed, seen } = gather(log, ({ channel }) => {
    ok(!inside, 'one event is given after the other, not inside of it')
    inside = true
    if (channel === 'a') inner.push(log.append(tick('b')))
    inside = false
  })
  for (const channel of ['a', 'b']) await feed.watch(channel)
  await Promise.all([log.append(tick('a')), log.append(tick('a')), log.append(tick('b'))])
  await eventually(pass, 'all events came', () => seen.length >= 5)
  await Promise.all(inner)
  assertRising(offsetsOf(seen))
  deepStrictEqual(offsetsOf(seen), offsetsOf(await readAll(log, all(['a', 'b']))))
}

async function closed({ open }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await feed.watch('a')
  await log.close()
  await log.append(tick('a')).catch(() => {})
  deepStrictEqual(seen, [])
}
