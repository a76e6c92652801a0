import { deepStrictEqual, ok } from 'node:assert/strict'
import type { ChannelLog } from '../hub/channel-log.ts'
import { casesOf, eventually } from './case-runner.ts'
import {
  all,
  appendTo,
  assertRefused,
  assertRising,
  eventuallyTrimmed,
  gather,
  type LogContext,
  offsetsOf,
  readAll,
  tick,
} from './log-case.ts'

/** What a log that outlives its process still holds when it is opened again. */
export const lastingCases = casesOf<LogContext>('lasting', [
  ['events', 'All that was kept is there again, byte for byte, in the same epoch.', events],
  ['offsets', 'Offsets and the chain of each channel go on; none is used twice.', offsets],
  ['keys', 'A key that was used before the restart gets its first answer.', keys],
  ['expected', 'A position of before the restart is still compared with where the channel stands.', expected],
  ['trimmed', 'What had been trimmed is still reported as a gap, also of a channel that is empty.', trimmed],
  ['retention', 'What a channel keeps holds on without another append.', retention],
  ['feed', 'The feed goes on with what is appended after the restart.', feed],
])

/** What two servers on one log see. */
export const sharedCases = casesOf<LogContext>('shared', [
  ['same-log', 'What one appends the other reads, in the same epoch.', sameLog],
  ['same-feed', 'Both feeds give the same events in the same order.', sameFeed],
  ['joins-history', 'Watching while the other appends joins history and feed without a hole.', joinsHistory],
  ['one-offset-each', 'Of 200 appends by both at once each has an offset of its own.', oneOffsetEach],
  ['keys', 'A key that one server used gets its first answer from the other.', sharedKeys],
  ['keys-at-once', 'Of 20 appends by both at once under one key one is done.', keysAtOnce],
  ['expected', 'Of 20 appends by both at once after one position one is done, the others conflict.', oneWins],
  ['none', 'What is not kept reaches the readers of both.', unkept],
])

async function events({ open, reopen }: LogContext): Promise<void> {
  const log = await open()
  await log.append({ channel: 'a', event: 'text', payload: '{"n":1.0,"s":"\u00e9\ud83d\ude00"}', tag: 't' })
  await log.append({ channel: 'b', event: 'bytes', payload: Uint8Array.from({ length: 256 }, (_, i) => i) })
  await appendTo(log, ['a', 'c/d', 'a'])
  const before = [await log.head(), await readAll(log, all(['a', 'b', 'c/d']))]
  const again = await reopen(log)
  deepStrictEqual([await again.head(), await readAll(again, all(['a', 'b', 'c/d']))], before)
}

async function offsets({ open, reopen }: LogContext): Promise<void> {
  const log = await open()
  const first = await appendTo(log, ['a', 'b', 'a'])
  const again = await reopen(log)
  const second = await appendTo(again, ['b', 'a', 'new'])
  assertRising([...first, ...second])
  const chain = (await readAll(again, all(['a', 'b']))).map(({ channel, prev }) => [channel, prev])
  deepStrictEqual(chain, [
    ['a', 0],
    ['b', 0],
    ['a', first[0]],
    ['b', first[1]],
    ['a', first[2]],
  ])
}

async function keys({ open, reopen }: LogContext): Promise<void> {
  const log = await open()
  const first = await log.append(tick('a'), { key: 'k' })
  const passed = await log.append(tick('a'), { key: 'n', retention: 'none' })
  const again = await reopen(log)
  deepStrictEqual(await again.append(tick('a'), { key: 'k' }), { ...first, repeated: true })
  await assertRefused(again.append(tick('a', '1'), { key: 'k' }), 'idempotency_mismatch')
  const passedAgain = await again.append(tick('a'), { key: 'n', retention: 'none' })
  deepStrictEqual([passedAgain.offset, passedAgain.repeated], [passed.offset, true])
}

async function expected({ open, reopen }: LogContext): Promise<void> {
  const log = await open()
  const [old, newest] = await appendTo(log, ['a', 'a'])
  const { epoch } = await log.head()
  const again = await reopen(log)
  const position = await assertRefused(
    again.append(tick('a'), { after: { epoch, offset: old! } }),
    'conflict',
  )
  deepStrictEqual(position, `${epoch}.${newest}`)
  ok((await again.append(tick('a'), { after: { epoch, offset: newest! } })).offset! > newest!)
}

async function trimmed({ open, reopen, pass }: LogContext): Promise<void> {
  const log = await open()
  const few = { retention: { count: 1 } }
  const lost = await appendTo(log, ['a', 'a'], few)
  const gone = await appendTo(log, ['b'], { retention: { ageMs: 300 } })
  await eventuallyTrimmed(pass, log, 'a', lost[0]!)
  await eventuallyTrimmed(pass, log, 'b', gone[0]!)
  const again = await reopen(log)
  const page = await again.read(all(['a', 'b']), { events: 10, bytes: 1000 })
  deepStrictEqual(
    page.gaps.map(({ channel, reason }) => [channel, reason]),
    [
      ['a', 'trimmed'],
      ['b', 'trimmed'],
    ],
  )
  const [next] = await appendTo(again, ['b'])
  const [event] = await readAll(again, all(['b'], gone[0]!))
  deepStrictEqual([event?.offset, event?.prev], [next, gone[0]])
}

async function retention({ open, reopen, pass }: LogContext): Promise<void> {
  const log = await open()
  const [old] = await appendTo(log, ['a'], { retention: { ageMs: 1_000 } })
  const [kept] = await appendTo(log, ['b'])
  const again = await reopen(log)
  await eventuallyTrimmed(pass, again, 'a', old!)
  deepStrictEqual(offsetsOf(await readAll(again, all(['b']))), [kept])
}

async function feed({ open, reopen, pass }: LogContext): Promise<void> {
  const log = await open()
  const [before] = await appendTo(log, ['a'])
  const again = await reopen(log)
  const { feed: follow, seen } = gather(again)
  ok((await follow.watch('a')) >= before!)
  const after = await appendTo(again, ['a', 'b', 'a'])
  await eventually(pass, 'both came', () => seen.length >= 2)
  deepStrictEqual(offsetsOf(seen), [after[0], after[2]])
}

async function sameLog({ open, another }: LogContext): Promise<void> {
  const one = await open()
  await appendTo(one, ['a', 'b'])
  const two = await another(one)
  await appendTo(two, ['a', 'c'])
  await appendTo(one, ['b'])
  deepStrictEqual(await two.head(), await one.head())
  deepStrictEqual(await readAll(two, all(['a', 'b', 'c'])), await readAll(one, all(['a', 'b', 'c'])))
}

async function sameFeed({ open, another, pass }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const feeds = [gather(one), gather(two)]
  for (const { feed } of feeds) for (const channel of ['a', 'b']) await feed.watch(channel)
  await appendBoth(one, two, 100)
  await eventually(pass, 'all came to both', () => feeds.every(({ seen }) => seen.length >= 100))
  assertRising(offsetsOf(feeds[0]!.seen))
  deepStrictEqual(feeds[1]!.seen, feeds[0]!.seen)
  deepStrictEqual(feeds[0]!.seen, await readAll(one, all(['a', 'b'])))
}

async function appendBoth(one: ChannelLog, two: ChannelLog, count: number): Promise<number[]> {
  const appends = Array.from({ length: count }, (_, i) =>
    (i % 2 ? one : two).append(tick(i % 3 ? 'a' : 'b', `${i}`)),
  )
  return (await Promise.all(appends)).map(({ offset }) => offset!)
}

async function joinsHistory({ open, another, pass }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const { feed, seen } = gather(two)
  const during = appendBoth(one, one, 40)
  const from = await feed.watch('a')
  await during
  const [end] = await appendTo(one, ['a'])
  await eventually(pass, 'the newest event came', () => seen.at(-1)?.offset === end)
  const history = await two.read(all(['a']), { events: 1000, bytes: 1_000_000, until: from })
  const later = offsetsOf(seen).filter((offset) => offset! > from)
  deepStrictEqual([...offsetsOf(history.events), ...later], offsetsOf(await readAll(one, all(['a']))))
}

async function oneOffsetEach({ open, another }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const given = await appendBoth(one, two, 200)
  deepStrictEqual(new Set(given).size, 200)
  const kept = offsetsOf(await readAll(one, all(['a', 'b'])))
  deepStrictEqual(
    kept,
    given.sort((x, y) => x - y),
  )
}

async function sharedKeys({ open, another }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const first = await one.append(tick('a'), { key: 'k' })
  deepStrictEqual(await two.append(tick('a'), { key: 'k' }), { ...first, repeated: true })
  await assertRefused(two.append(tick('a', '1'), { key: 'k' }), 'idempotency_mismatch')
}

async function keysAtOnce({ open, another }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const appends = Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).append(tick('a'), { key: 'k' }))
  const answers = await Promise.all(appends)
  deepStrictEqual(new Set(answers.map(({ offset }) => offset)).size, 1)
  deepStrictEqual(answers.filter(({ repeated }) => !repeated).length, 1)
  deepStrictEqual((await readAll(two, all(['a']))).length, 1)
}

async function oneWins({ open, another }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const [offset] = await appendTo(one, ['a'])
  const { epoch } = await one.head()
  const after = { epoch, offset: offset! }
  const appends = Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).append(tick('a'), { after }))
  const results = await Promise.allSettled(appends)
  deepStrictEqual(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of results) {
    if (result.status === 'rejected') await assertRefused(Promise.reject(result.reason), 'conflict')
  }
  deepStrictEqual((await readAll(two, all(['a']))).length, 2)
}

async function unkept({ open, another, pass }: LogContext): Promise<void> {
  const one = await open()
  const two = await another(one)
  const { feed, seen } = gather(two)
  await feed.watch('a')
  for (let i = 0; i < 10; i++) await one.append(tick('a', `${i}`), { retention: 'none' })
  await eventually(pass, 'all came', () => seen.length >= 10)
  deepStrictEqual(
    seen.map(({ payload, offset }) => [payload, offset]),
    Array.from({ length: 10 }, (_, i) => [`${i}`, null]),
  )
}
