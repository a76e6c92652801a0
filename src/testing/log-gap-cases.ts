import { deepStrictEqual, ok } from 'node:assert/strict'
import type { ChannelLog, LogPage } from '../hub/channel-log.ts'
import { casesOf } from './case-runner.ts'
import { seededRandom } from './clock.ts'
import {
  all,
  appendTo,
  eventuallyTrimmed,
  type LogContext,
  offsetsOf,
  readAll,
  tick,
  wholePage,
} from './log-case.ts'

/**
 * A gap is never silent (promises 5 and 6). Every case has holes between the offsets of its channels, because other
 * channels are written to in between: a hole is no gap.
 */
export const gapCases = casesOf<LogContext>('gaps', [
  [
    'every-position',
    'Of a channel that keeps its newest events, each position is complete or has a gap.',
    everyPosition,
  ],
  [
    'emptied',
    'A channel of which nothing is left has a gap below its last offset, and none from there on.',
    emptied,
  ],
  ['earliest', 'After the `earliest` of a gap comes all that is kept, without a gap.', earliest],
  ['ahead', 'A position above the head of the log is ahead; the head itself is not.', ahead],
  ['one-of-two', 'A channel with a gap gives no events, and takes none from the others.', oneOfTwo],
  ['log-trimmed', 'What the log trims shows as a gap in each channel that lost something.', logTrimmed],
  [
    'forgotten',
    'However many channels were forgotten, nothing that was lost is passed over silently.',
    forgotten,
  ],
  [
    'forgotten-newer-first',
    'What was forgotten later does not hide what was forgotten before.',
    forgottenNewerFirst,
  ],
  [
    'forgotten-chain',
    'A forgotten channel that is written to again has a gap below its new event.',
    forgottenChain,
  ],
  ['no-alarm-at-head', 'A reader at the head never has a gap.', noAlarmAtHead],
  [
    'never-silent',
    'In a random history each channel is, from every position, complete or has a gap.',
    neverSilent,
  ],
])

async function everyPosition({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const order = ['b', 'a', 'b', 'a', 'b', 'b', 'a', 'b', 'a', 'b']
  const offsets: number[] = []
  for (const channel of order) {
    const retention = channel === 'a' ? { count: 2 } : undefined
    offsets.push((await log.append(tick(channel), { retention })).offset!)
  }
  const ofA = offsets.filter((_, i) => order[i] === 'a')
  const [, lastLost, ...kept] = ofA
  await eventuallyTrimmed(pass, log, 'a', lastLost!)
  for (let after = 0; after <= offsets.at(-1)!; after++) {
    const page = await log.read(all(['a'], after), wholePage)
    const gaps = after < lastLost! ? [{ channel: 'a', reason: 'trimmed', earliest: lastLost }] : []
    deepStrictEqual(page.gaps, gaps, `after ${after}`)
    deepStrictEqual(offsetsOf(page.events), after < lastLost! ? [] : kept.filter((offset) => offset > after))
  }
}

async function emptied({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 3 })
  const [, , last] = await appendTo(log, ['b', 'a', 'a', 'b', 'b', 'b', 'b', 'b'])
  await eventuallyTrimmed(pass, log, 'a', last!)
  const { offset: head } = await log.head()
  for (let after = 0; after <= head; after++) {
    const page = await log.read(all(['a'], after), wholePage)
    const gaps = after < last! ? [{ channel: 'a', reason: 'trimmed', earliest: last }] : []
    deepStrictEqual([page.events, page.gaps, page.reached], [[], gaps, head], `after ${after}`)
  }
  deepStrictEqual((await log.channelHead('a')).last, last)
}

async function earliest({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 6 })
  await appendTo(log, ['a', 'b', 'a', 'c', 'b', 'a', 'b', 'b', 'a', 'b', 'a'])
  await eventuallyTrimmed(pass, log, 'a', 1)
  for (const channel of ['a', 'b', 'c']) {
    const [gap] = (await log.read(all([channel]), wholePage)).gaps
    deepStrictEqual(gap?.earliest, (await log.channelHead(channel)).earliest)
    const events = await readAll(log, all([channel], gap!.earliest))
    const { newest } = await log.channelHead(channel, 100)
    deepStrictEqual(newest, gap!.earliest)
    deepStrictEqual(events[0]?.prev ?? gap!.earliest, gap!.earliest)
  }
}

async function ahead({ open }: LogContext): Promise<void> {
  const log = await open()
  deepStrictEqual(reasons(await log.read(all(['a'], 1), wholePage)), ['ahead'])
  const offsets = await appendTo(log, ['a', 'b', 'a', 'b'])
  const head = offsets.at(-1)!
  for (const channel of ['a', 'b', 'never']) {
    deepStrictEqual(reasons(await log.read(all([channel], head), wholePage)), [])
    for (const after of [head + 1, Number.MAX_SAFE_INTEGER]) {
      const page = await log.read(all([channel], after), wholePage)
      deepStrictEqual([page.events, reasons(page), page.head], [[], ['ahead'], head])
    }
  }
}

function reasons(page: LogPage): string[] {
  return page.gaps.map((gap) => gap.reason)
}

async function oneOfTwo({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const retention = { count: 1 }
  const lost = (await log.append(tick('a'), { retention })).offset!
  const [b1] = await appendTo(log, ['b'])
  await log.append(tick('a'), { retention })
  const [b2, c1] = await appendTo(log, ['b', 'c'])
  await eventuallyTrimmed(pass, log, 'a', lost)
  const from = [...all(['a', 'b']), { channel: 'c', after: c1! + 1 }]
  const page = await log.read(from, wholePage)
  deepStrictEqual(offsetsOf(page.events), [b1, b2])
  deepStrictEqual(
    page.gaps.map(({ channel, reason }) => [channel, reason]),
    [
      ['a', 'trimmed'],
      ['c', 'ahead'],
    ],
  )
  deepStrictEqual([page.reached, page.head], [c1, c1])
}

async function logTrimmed({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 4 })
  const order = ['a', 'b', 'c', 'a', 'b', 'a', 'b', 'a', 'b']
  const offsets = await appendTo(log, order)
  await eventuallyTrimmed(pass, log, 'c', offsets[2]!)
  await eventuallyTrimmed(pass, log, 'b', offsets[4]!)
  await eventuallyTrimmed(pass, log, 'a', offsets[3]!)
  const page = await log.read(all(['a', 'b', 'c']), wholePage)
  deepStrictEqual(
    page.gaps.map(({ channel, reason }) => [channel, reason]),
    ['a', 'b', 'c'].map((channel) => [channel, 'trimmed']),
  )
  deepStrictEqual(offsetsOf(await readAll(log, all(['a', 'b', 'c'], offsets[4]!))), offsets.slice(5))
}

async function forgotten({ open }: LogContext): Promise<void> {
  const log = await open({ events: 4, channels: 3 })
  const names = Array.from({ length: 60 }, (_, i) => `c${(i * 7) % 30}`)
  const offsets = await appendTo(log, names)
  for (const [i, channel] of names.entries()) {
    await assertNotSilent(
      log,
      channel,
      offsets[i]! - 1,
      offsets.filter((_, k) => names[k] === channel),
    )
  }
}

/** A read after `after` has a gap, or all of these offsets of the channel that are above it. */
async function assertNotSilent(
  log: ChannelLog,
  channel: string,
  after: number,
  appended: readonly number[],
): Promise<void> {
  const page = await log.read(all([channel], after), wholePage)
  if (page.gaps.length > 0) return
  deepStrictEqual(
    offsetsOf(page.events),
    appended.filter((offset) => offset > after),
    `${channel} after ${after} has no gap, so it is complete`,
  )
}

async function forgottenNewerFirst({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 2, channels: 0 })
  const [older] = await appendTo(log, ['a'])
  const [newer] = await appendTo(log, ['b'], { retention: { ageMs: 300 } })
  await eventuallyTrimmed(pass, log, 'b', newer!)
  await appendTo(log, ['c', 'c', 'c'])
  await eventuallyTrimmed(pass, log, 'a', older!)
  await assertNotSilent(log, 'b', newer! - 1, [newer!])
  await assertNotSilent(log, 'a', older! - 1, [older!])
}

async function forgottenChain({ open }: LogContext): Promise<void> {
  const log = await open({ events: 2, channels: 1 })
  const [first] = await appendTo(log, ['a', 'b', 'c', 'd', 'e', 'f'])
  const [again] = await appendTo(log, ['a'])
  await assertNotSilent(log, 'a', first! - 1, [first!, again!])
  const [event] = await readAll(log, all(['a'], again! - 1))
  ok(event!.prev >= first!, `${event!.prev} is not below ${first}, the offset that was lost`)
}

async function noAlarmAtHead({ open }: LogContext): Promise<void> {
  const log = await open({ events: 2, channels: 1 })
  for (const channel of ['a', 'b', 'c', 'd', 'e', 'a', 'f']) {
    const [offset] = await appendTo(log, [channel])
    const page = await log.read(all(['a', 'b', 'c', 'd', 'e', 'f', 'never'], offset!), wholePage)
    deepStrictEqual([page.gaps, page.events], [[], []])
  }
}

async function neverSilent({ open }: LogContext): Promise<void> {
  const random = seededRandom(20_260)
  const log = await open({ events: 12, channels: 2 })
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const appended = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let i = 0; i < 80; i++) {
    const channel = names[Math.floor(random() ** 2 * names.length)]!
    const retention = random() < 0.5 ? { count: 1 + Math.floor(random() * 3) } : undefined
    appended.get(channel)!.push((await log.append(tick(channel), { retention })).offset!)
  }
  const { offset: head } = await log.head()
  for (const name of names) {
    for (let after = 0; after <= head; after++) await assertNotSilent(log, name, after, appended.get(name)!)
  }
}
