import { deepStrictEqual } from 'node:assert/strict'
import type { AppendOptions } from '../hub/channel-log.ts'
import { casesOf, eventually } from './case-runner.ts'
import { all, appendTo, assertRefused, gather, type LogContext, readAll, tick } from './log-case.ts'

/** Idempotency keys: an append that is made again happens once. */
export const keyCases = casesOf<LogContext>('keys', [
  ['repeat', 'The same key again gets the first answer, and appends nothing.', repeat],
  [
    'repeat-concurrent',
    'Of 16 appends at once under one key one is done; all get its answer.',
    repeatConcurrent,
  ],
  ['mismatch', 'The same key with another payload, name or kind of payload is refused.', mismatch],
  ['fingerprint', 'A given fingerprint stands for the content.', fingerprint],
  ['of-the-channel', 'A key belongs to its channel.', ofTheChannel],
  ['no-key', 'Without a key the same event is appended each time.', noKey],
  ['outlives-event', 'A key is remembered when its event is trimmed.', outlivesEvent],
  ['before-position', 'A repeated conditional append gets its first answer, not a conflict.', beforePosition],
  ['refused-is-not-remembered', 'A key whose append was refused is as new.', refusedIsNew],
  ['nothing-kept', 'On a channel that keeps nothing, a repeated key is not delivered again.', nothingKept],
])

async function repeat({ open }: LogContext): Promise<void> {
  const log = await open()
  const first = await log.append(tick('a'), { key: 'k' })
  await appendTo(log, ['a', 'b'])
  const again = await log.append(tick('a'), { key: 'k' })
  deepStrictEqual([first.repeated, again], [false, { ...first, repeated: true }])
  deepStrictEqual((await readAll(log, all(['a']))).length, 2)
}

async function repeatConcurrent({ open }: LogContext): Promise<void> {
  const log = await open()
  const answers = await Promise.all(Array.from({ length: 16 }, () => log.append(tick('a'), { key: 'k' })))
  deepStrictEqual(new Set(answers.map((answer) => answer.offset)).size, 1)
  deepStrictEqual(answers.filter((answer) => !answer.repeated).length, 1)
  deepStrictEqual((await readAll(log, all(['a']))).length, 1)
}

async function mismatch({ open }: LogContext): Promise<void> {
  const log = await open()
  await log.append({ channel: 'a', event: 'e', payload: '1' }, { key: 'k' })
  const others = [
    { channel: 'a', event: 'e', payload: '2' },
    { channel: 'a', event: 'f', payload: '1' },
    { channel: 'a', event: 'e', payload: new TextEncoder().encode('1') },
  ]
  for (const other of others) {
    await assertRefused(log.append(other, { key: 'k' }), 'idempotency_mismatch')
  }
  deepStrictEqual((await readAll(log, all(['a']))).length, 1)
}

async function fingerprint({ open }: LogContext): Promise<void> {
  const log = await open()
  const first = await log.append(tick('a', '1'), { key: 'k', fingerprint: 'sent' })
  const again = await log.append(tick('a', '2'), { key: 'k', fingerprint: 'sent' })
  deepStrictEqual(again, { ...first, repeated: true })
  await assertRefused(log.append(tick('a', '1'), { key: 'k', fingerprint: 'other' }), 'idempotency_mismatch')
}

async function ofTheChannel({ open }: LogContext): Promise<void> {
  const log = await open()
  const answers = [
    await log.append(tick('a'), { key: 'k' }),
    await log.append(tick('b'), { key: 'k' }),
    await log.append(tick('a/b'), { key: 'k' }),
    await log.append(tick('a'), { key: 'b/k' }),
    await log.append(tick('a'), { key: '/bk' }),
  ]
  deepStrictEqual(
    answers.map((answer) => answer.repeated),
    [false, false, false, false, false],
  )
}

async function noKey({ open }: LogContext): Promise<void> {
  const log = await open()
  await appendTo(log, ['a', 'a', 'a'])
  deepStrictEqual((await readAll(log, all(['a']))).length, 3)
}

async function outlivesEvent({ open }: LogContext): Promise<void> {
  const log = await open({ events: 3 })
  const first = await log.append(tick('a'), { key: 'k' })
  await appendTo(log, ['b', 'b', 'b', 'b', 'b'])
  deepStrictEqual(await log.append(tick('a'), { key: 'k' }), { ...first, repeated: true })
}

async function beforePosition({ open }: LogContext): Promise<void> {
  const log = await open()
  const { epoch } = await log.head()
  const options = { key: 'k', after: { epoch, offset: 0 } }
  const first = await log.append(tick('a'), options)
  await appendTo(log, ['a'])
  deepStrictEqual(await log.append(tick('a'), options), { ...first, repeated: true })
}

async function refusedIsNew({ open }: LogContext): Promise<void> {
  const log = await open()
  const [offset] = await appendTo(log, ['a'])
  const { epoch } = await log.head()
  await assertRefused(log.append(tick('a'), { key: 'k', after: { epoch, offset: 0 } }), 'conflict')
  const { repeated } = await log.append(tick('a'), { key: 'k', after: { epoch, offset: offset! } })
  deepStrictEqual(repeated, false)
}

async function nothingKept({ open, pass }: LogContext): Promise<void> {
  const log = await open()
  const { feed, seen } = gather(log)
  await feed.watch('a')
  const options: AppendOptions = { key: 'k', retention: 'none' }
  const first = await log.append(tick('a', '"once"'), options)
  const again = await log.append(tick('a', '"once"'), options)
  deepStrictEqual([first.offset, again], [null, { ...first, repeated: true }])
  await assertRefused(log.append(tick('a', '"other"'), options), 'idempotency_mismatch')
  await log.append(tick('a', '"end"'), { retention: 'none' })
  await eventually(pass, 'the last event came', () => seen.at(-1)?.payload === '"end"')
  deepStrictEqual(
    seen.map((event) => event.payload),
    ['"once"', '"end"'],
  )
}
