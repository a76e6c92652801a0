import { deepStrictEqual } from 'node:assert/strict'
import { isFairleadError, parsePosition } from '../protocol/index.ts'
import { casesOf } from './case-runner.ts'
import {
  all,
  appendTo,
  assertRefused,
  eventuallyTrimmed,
  type LogContext,
  readAll,
  tick,
} from './log-case.ts'

/** The expected position: an append only if nothing newer stands in the channel. */
export const positionCases = casesOf<LogContext>('expected-position', [
  ['holds', 'At the channel’s last event, or later in the log, the append is done.', holds],
  ['conflict', 'Below the channel’s last event it is refused, with the position of the channel.', conflict],
  ['try-again', 'The position of a conflict is one to try again with.', tryAgain],
  ['epoch', 'A position of another epoch is refused.', otherEpoch],
  ['one-wins', 'Of 16 appends at once after one position exactly one is done.', oneWins],
  ['outlives-events', 'A channel of which nothing is kept still knows how far it went.', outlivesEvents],
])

async function holds({ open }: LogContext): Promise<void> {
  const log = await open()
  const { epoch } = await log.head()
  const first = await log.append(tick('a'), { after: { epoch, offset: 0 } })
  const [other] = await appendTo(log, ['b'])
  const second = await log.append(tick('a'), { after: { epoch, offset: first.offset! } })
  const third = await log.append(tick('b'), { after: { epoch, offset: second.offset! } })
  deepStrictEqual((await log.channelHead('b')).last, third.offset)
  deepStrictEqual((await readAll(log, all(['a', 'b']))).length, 4)
  deepStrictEqual(other! < third.offset!, true)
}

async function conflict({ open }: LogContext): Promise<void> {
  const log = await open()
  const { epoch } = await log.head()
  const [first, , last] = await appendTo(log, ['a', 'b', 'a', 'b'])
  for (const offset of [0, first!, last! - 1]) {
    const position = await assertRefused(log.append(tick('a'), { after: { epoch, offset } }), 'conflict')
    deepStrictEqual(position, `${epoch}.${last}`)
  }
  deepStrictEqual((await readAll(log, all(['a']))).length, 2)
}

async function tryAgain({ open }: LogContext): Promise<void> {
  const log = await open({ events: 3, channels: 1 })
  const { epoch } = await log.head()
  for (const channel of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'a']) await appendTo(log, [channel])
  for (const channel of ['a', 'b', 'g']) {
    const position = await assertRefused(
      log.append(tick(channel), { after: { epoch, offset: 0 } }),
      'conflict',
    )
    await log.append(tick(channel), { after: parsePosition(position!) })
  }
}

async function otherEpoch({ open }: LogContext): Promise<void> {
  const log = await open()
  const [offset] = await appendTo(log, ['a'])
  const { epoch } = await log.head()
  const after = { epoch: epoch === 'other' ? 'another' : 'other', offset: offset! }
  const position = await assertRefused(log.append(tick('a'), { after }), 'conflict')
  deepStrictEqual(position, `${epoch}.${offset}`)
}

async function oneWins({ open }: LogContext): Promise<void> {
  const log = await open()
  const [offset] = await appendTo(log, ['a'])
  const { epoch } = await log.head()
  const outcomes = await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      log.append(tick('a', `${i}`), { after: { epoch, offset: offset! } }).then(
        () => 'done',
        (error: unknown) => (isFairleadError(error) ? error.code : error),
      ),
    ),
  )
  deepStrictEqual(outcomes.toSorted(), [...Array.from({ length: 15 }, () => 'conflict'), 'done'])
  deepStrictEqual((await readAll(log, all(['a']))).length, 2)
}

async function outlivesEvents({ open, pass }: LogContext): Promise<void> {
  const log = await open({ events: 3 })
  const { epoch } = await log.head()
  const [last] = await appendTo(log, ['a', 'b', 'b', 'b', 'b'])
  await eventuallyTrimmed(pass, log, 'a', last!)
  await assertRefused(log.append(tick('a'), { after: { epoch, offset: last! - 1 } }), 'conflict')
  const head = await log.channelHead('a')
  await log.append(tick('a'), { after: { epoch, offset: head.last } })
}
