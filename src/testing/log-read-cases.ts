import { deepStrictEqual, ok, rejects } from 'node:assert/strict'
import type { ChannelLog, ReadFrom } from '../hub/channel-log.ts'
import { casesOf } from './case-runner.ts'
import { all, appendTo, type LogContext, offsetsOf, readAll, tick, wholePage } from './log-case.ts'

/** Reading what is there: pages, their bounds, and several channels in one order (promise 7). */
export const readCases = casesOf<LogContext>('read', [
  ['merge', 'Several channels come in one list, in offset order.', merge],
  ['own-starts', 'Each channel starts after its own offset.', ownStarts],
  ['pages', 'Pages of any size hold together what one large page holds.', pages],
  ['reached', 'A page says how far it is complete: to the head, if there is no more.', reached],
  ['until', 'Nothing above `until` comes, nor is there more because of it.', until],
  ['bytes', 'A page ends after its bytes; the first event always comes.', bytes],
  ['between', 'Reading starts anywhere, also between the offsets of a channel.', between],
  ['unknown', 'A channel that was never used has no events and no gap.', unknown],
  ['last', 'After `newest` come as many events as were asked for, or all there are.', last],
  ['channel-head', 'A channel’s head tells its own last offset and that of the log.', channelHead],
  ['abort', 'A read whose signal was aborted is rejected.', abort],
  ['writes-nothing', 'Reading changes nothing, and the same read gives the same page.', writesNothing],
])

/** Three channels, interleaved so that there are holes between the offsets of each. */
const interleaved = ['a', 'b', 'a', 'c', 'c', 'b', 'a', 'c', 'b', 'b', 'a', 'c']

async function merge({ open }: LogContext): Promise<void> {
  const log = await open()
  const offsets = await appendTo(log, interleaved)
  const page = await log.read(all(['c', 'a', 'b']), wholePage)
  deepStrictEqual(offsetsOf(page.events), offsets)
  deepStrictEqual(
    page.events.map((event) => event.channel),
    interleaved,
  )
  const two = await log.read(all(['a', 'c']), wholePage)
  deepStrictEqual(
    two.events.map((event) => event.channel),
    interleaved.filter((channel) => channel !== 'b'),
  )
}

async function ownStarts({ open }: LogContext): Promise<void> {
  const log = await open()
  const offsets = await appendTo(log, interleaved)
  const starts = { a: offsets[6]!, b: 0, c: offsets[3]! }
  const page = await log.read(
    Object.entries(starts).map(([channel, after]) => ({ channel, after })),
    wholePage,
  )
  const expected = interleaved.flatMap((channel, i) =>
    offsets[i]! > starts[channel as keyof typeof starts] ? [offsets[i]] : [],
  )
  deepStrictEqual(offsetsOf(page.events), expected)
}

async function pages({ open }: LogContext): Promise<void> {
  const log = await open()
  const offsets = await appendTo(log, interleaved)
  for (let events = 1; events <= offsets.length + 1; events++) {
    const read = await readAll(log, all(['a', 'b', 'c']), { ...wholePage, events })
    deepStrictEqual(offsetsOf(read), offsets, `in pages of ${events}`)
    const page = await log.read(all(['a', 'b', 'c']), { ...wholePage, events })
    deepStrictEqual(
      [page.events.length, page.more],
      [Math.min(events, offsets.length), events < offsets.length],
    )
  }
}

async function reached({ open }: LogContext): Promise<void> {
  const log = await open()
  const [a1, , a2] = await appendTo(log, ['a', 'b', 'a', 'b', 'b'])
  const { offset: head } = await log.head()
  const whole = await log.read(all(['a']), wholePage)
  deepStrictEqual([whole.reached, whole.more, whole.head], [head, false, head])
  const cut = await log.read(all(['a']), { ...wholePage, events: 1 })
  deepStrictEqual([cut.more, cut.head], [true, head])
  ok(cut.reached >= a1! && cut.reached < a2!, `${cut.reached} is from ${a1} to below ${a2}`)
  const nothing = await log.read(all(['a'], a2!), wholePage)
  deepStrictEqual([nothing.events, nothing.reached, nothing.more], [[], head, false])
}

async function until({ open }: LogContext): Promise<void> {
  const log = await open()
  const offsets = await appendTo(log, interleaved)
  for (const bound of [...offsets, 0, offsets.at(-1)! + 5]) {
    const page = await log.read(all(['a', 'b', 'c']), { ...wholePage, until: bound })
    deepStrictEqual(
      offsetsOf(page.events),
      offsets.filter((offset) => offset <= bound),
    )
    deepStrictEqual([page.reached, page.more], [Math.min(bound, offsets.at(-1)!), false])
  }
  const cut = await log.read(all(['a', 'b', 'c']), { ...wholePage, events: 2, until: offsets[2]! })
  deepStrictEqual([offsetsOf(cut.events), cut.more], [offsets.slice(0, 2), true])
}

async function bytes({ open }: LogContext): Promise<void> {
  const log = await open()
  const text = JSON.stringify('x'.repeat(998))
  for (let i = 0; i < 6; i++) await log.append(tick('a', i % 2 === 0 ? text : new Uint8Array(1000)))
  const counts = []
  for (const bound of [1, 999, 3500]) {
    const page = await log.read(all(['a']), { events: 100, bytes: bound })
    ok(page.more, 'a page that its bytes have ended says that there is more')
    counts.push(page.events.length)
  }
  deepStrictEqual(counts.slice(0, 2), [1, 1])
  ok(counts[2] === 3 || counts[2] === 4, `${counts[2]} events of 1000 bytes end a page of 3500`)
  deepStrictEqual((await readAll(log, all(['a']), { events: 100, bytes: 1 })).length, 6)
}

async function between({ open }: LogContext): Promise<void> {
  const log = await open()
  const offsets = await appendTo(log, interleaved)
  for (let after = 0; after <= offsets.at(-1)!; after++) {
    const expected = offsets.filter((offset, i) => interleaved[i] === 'a' && offset > after)
    deepStrictEqual(offsetsOf(await readAll(log, all(['a'], after))), expected)
  }
}

async function unknown({ open }: LogContext): Promise<void> {
  const log = await open()
  const [, offset] = await appendTo(log, ['a', 'a'])
  for (const after of [0, offset!]) {
    const page = await log.read(all(['never'], after), wholePage)
    deepStrictEqual(page, { events: [], reached: offset, more: false, gaps: [], head: offset })
  }
  const none = await log.read([], wholePage)
  deepStrictEqual([none.events, none.more, none.gaps], [[], false, []])
}

async function last({ open }: LogContext): Promise<void> {
  const log = await open()
  await appendTo(log, interleaved)
  const events = offsetsOf(await readAll(log, all(['b'])))
  for (const count of [0, 1, 3, events.length, events.length + 7]) {
    const { newest } = await log.channelHead('b', count)
    const expected = count === 0 ? [] : events.slice(-count)
    deepStrictEqual(offsetsOf(await readAll(log, all(['b'], newest))), expected, `the last ${count}`)
  }
  const never = await log.channelHead('never', 5)
  deepStrictEqual(await readAll(log, all(['never'], never.newest)), [])
}

async function channelHead({ open }: LogContext): Promise<void> {
  const log = await open()
  const { epoch } = await log.head()
  const offsets = await appendTo(log, ['a', 'b', 'a', 'b', 'b'])
  const head = await log.channelHead('a')
  deepStrictEqual([head.epoch, head.offset, head.last, head.earliest], [epoch, offsets[4], offsets[2], 0])
  const never = await log.channelHead('never')
  deepStrictEqual([never.epoch, never.offset, never.last, never.earliest], [epoch, offsets[4], 0, 0])
}

async function abort({ open }: LogContext): Promise<void> {
  const log = await open()
  await appendTo(log, ['a'])
  const signal = AbortSignal.abort(new Error('no longer wanted'))
  await rejects(log.read(all(['a']), wholePage, signal), /no longer wanted/)
  await rejects(log.head(signal), /no longer wanted/)
  await rejects(log.channelHead('a', 0, signal), /no longer wanted/)
}

async function writesNothing({ open }: LogContext): Promise<void> {
  const log = await open()
  await appendTo(log, interleaved)
  const from: ReadFrom[] = [...all(['a', 'b', 'never']), { channel: 'ahead', after: 1_000_000 }]
  const before = await everythingAbout(log, from)
  for (let i = 0; i < 3; i++) deepStrictEqual(await everythingAbout(log, from), before)
}

async function everythingAbout(log: ChannelLog, from: readonly ReadFrom[]): Promise<unknown> {
  const heads = await Promise.all(from.map(({ channel }) => log.channelHead(channel, 2)))
  return { page: await log.read(from, wholePage), head: await log.head(), heads }
}
