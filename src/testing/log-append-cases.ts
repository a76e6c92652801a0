import { deepStrictEqual, notEqual, ok } from 'node:assert/strict'
import type { ChannelLog, NewEvent, StoredEvent } from '../hub/channel-log.ts'
import { casesOf } from './case-runner.ts'
import {
  all,
  appendTo,
  assertRefused,
  assertRising,
  type LogContext,
  offsetsOf,
  readAll,
  tick,
} from './log-case.ts'

/** What an append gives and keeps (promises 1, 2 and 4). */
export const appendCases = casesOf<LogContext>('append', [
  ['rising', 'Offsets rise over all channels, from above 0, and the head is the newest.', rising],
  ['answered-is-readable', 'What was answered can be read at once.', answeredIsReadable],
  ['durability', 'The answer names the durability of the log.', durability],
  ['chain', 'Each event holds the offset before it in its channel, 0 for the first.', chain],
  ['verbatim', 'Texts, bytes, names and tags come back as they were given.', verbatim],
  [
    'own-bytes',
    'Bytes are those of the moment of the append, whatever the caller does with them later.',
    ownBytes,
  ],
  [
    'concurrent',
    '64 appends at once: each has an offset of its own, and none shows up behind a newer one.',
    concurrent,
  ],
  [
    'epoch-of-its-own',
    'Each log that loses nothing by it has its own epoch, in the form of the wire.',
    ownEpoch,
  ],
  ['epoch-stays', 'Trimming and forgetting change no epoch and free no offset.', epochStays],
  ['closed', 'A closed log takes and gives nothing, and can be closed again.', closed],
])

async function rising({ open }: LogContext): Promise<void> {
  const log = await open()
  deepStrictEqual((await log.head()).offset, 0)
  const offsets = await appendTo(log, ['a', 'b', 'a', 'c', 'b', 'a'])
  assertRising([0, ...offsets])
  deepStrictEqual((await log.head()).offset, offsets.at(-1))
}

async function answeredIsReadable({ open }: LogContext): Promise<void> {
  const log = await open()
  for (const channel of ['a', 'b', 'a']) {
    const { offset } = await log.append(tick(channel))
    const page = await log.read([{ channel, after: offset! - 1 }], { events: 10, bytes: 1000 })
    deepStrictEqual(offsetsOf(page.events), [offset])
  }
}

async function durability({ open }: LogContext): Promise<void> {
  const log = await open()
  const answer = await log.append(tick('a'))
  deepStrictEqual([answer.durability, answer.repeated], [log.durability, false])
  deepStrictEqual(answer.epoch, (await log.head()).epoch)
}

async function chain({ open }: LogContext): Promise<void> {
  const log = await open()
  const [a1, b1, a2, b2, a3] = await appendTo(log, ['a', 'b', 'a', 'b', 'a'])
  const events = await readAll(log, all(['a', 'b']))
  deepStrictEqual(
    events.map(({ channel, offset, prev }) => [channel, offset, prev]),
    [
      ['a', a1, 0],
      ['b', b1, 0],
      ['a', a2, a1],
      ['b', b2, b1],
      ['a', a3, a2],
    ],
  )
}

async function verbatim({ open }: LogContext): Promise<void> {
  const log = await open()
  const channel = 'Shop~1/orders-2.0/x_y'
  const payloads = [
    '{"b":1.0,"a":12345678901234567890}',
    '"é🎏\\u0000"',
    'null',
    '""',
    JSON.stringify('x'.repeat(70_000)),
  ]
  const bytes = [new Uint8Array(), Uint8Array.from({ length: 256 }, (_, i) => i)]
  const given: NewEvent[] = [...payloads, ...bytes].map((payload, i) => ({
    channel,
    event: ['message', 'new order', 'ärger 🎏'][i % 3]!,
    payload,
    tag: i % 2 === 0 ? 'stück 🎏' : undefined,
  }))
  for (const event of given) await log.append(event)
  const kept = await readAll(log, all([channel]))
  deepStrictEqual(kept.map(described), given.map(described))
  ok(kept.every((event) => Number.isFinite(event.time)))
}

/** What a caller gave, comparable: bytes as their numbers, whichever kind of array they come in. */
function described({ channel, event, payload, tag }: NewEvent | StoredEvent): unknown {
  return { channel, event, tag, payload: typeof payload === 'string' ? payload : [...payload] }
}

async function ownBytes({ open }: LogContext): Promise<void> {
  const log = await open()
  const buffer = Uint8Array.from([1, 2, 3, 4])
  await log.append(tick('a', buffer.subarray(1, 3)))
  buffer.fill(9)
  const [event] = await readAll(log, all(['a']))
  deepStrictEqual([...(event!.payload as Uint8Array)], [2, 3])
}

async function concurrent({ open }: LogContext): Promise<void> {
  const log = await open()
  const channels = ['a', 'b', 'c', 'd']
  let answered = false
  const appends = Promise.all(
    Array.from({ length: 64 }, (_, i) => log.append(tick(channels[i % 4]!, `${i}`))),
  )
  const watching = readOnUntil(log, channels, () => answered)
  const answers = await appends
  answered = true
  const seen = await watching
  deepStrictEqual(new Set(answers.map((answer) => answer.offset)).size, 64)
  // An event that shows up behind one already read would be in the log, and not in what a reader saw on its way.
  deepStrictEqual(offsetsOf(seen), offsetsOf(await readAll(log, all(channels))))
  assertRising(offsetsOf(seen))
  deepStrictEqual(offsetsOf(seen).length, 64)
}

/** Reads on from where the last page ended, until a page that was asked for after `ended`. */
async function readOnUntil(
  log: ChannelLog,
  channels: readonly string[],
  ended: () => boolean,
): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  let reached = 0
  for (let last = false; ; last = ended()) {
    const page = await log.read(all(channels, reached), { events: 5, bytes: 1000 })
    seen.push(...page.events)
    reached = page.reached
    if (last && !page.more) return seen
  }
}

async function ownEpoch({ open }: LogContext): Promise<void> {
  const epochs = await Promise.all([1, 2, 3].map(async () => (await (await open()).head()).epoch))
  for (const epoch of epochs) ok(/^[a-z0-9]{1,16}$/.test(epoch), epoch)
  notEqual(epochs[0], epochs[1])
  notEqual(epochs[1], epochs[2])
}

async function epochStays({ open }: LogContext): Promise<void> {
  const log = await open({ events: 5, channels: 2 })
  const { epoch } = await log.head()
  const names = Array.from({ length: 40 }, (_, i) => `c${i % 13}`)
  const answers = []
  for (const name of names) answers.push(await log.append(tick(name)))
  assertRising(answers.map((answer) => answer.offset))
  deepStrictEqual(new Set(answers.map((answer) => answer.epoch)), new Set([epoch]))
  deepStrictEqual((await log.head()).epoch, epoch)
}

async function closed({ open }: LogContext): Promise<void> {
  const log = await open()
  await log.append(tick('a'))
  await log.close()
  await assertRefused(log.append(tick('a')), 'unavailable')
  await assertRefused(log.read(all(['a']), { events: 1, bytes: 1 }), 'unavailable')
  await assertRefused(log.head(), 'unavailable')
  await assertRefused(log.channelHead('a'), 'unavailable')
  await log.close()
}
