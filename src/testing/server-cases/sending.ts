import { deepStrictEqual, ok } from 'node:assert/strict'
import { contractCases, type ServerCase } from './case.ts'
import { count, take } from './items.ts'
import { readerKinds } from './readers.ts'
import { type Answer, messageText, type SenderKind, type Sending, senderKinds } from './senders.ts'
import { newKey, post, type Target } from './target.ts'

/** What sending means (PROTOCOL.md, section 6), the same over every way to send. */
export const sendingCases: readonly ServerCase[] = [
  ...senderKinds.flatMap((kind) =>
    contractCases(`sending/${kind.name}`, '6', [
      ['answer', 'A send is answered with its id and durability, and read under that id.', answered(kind)],
      ['key', 'The same key and bytes again: the first answer, and one event.', repeats(kind)],
      ['key-mismatch', 'The same key with other bytes is refused, and changes nothing.', mismatches(kind)],
      ['key-scope', 'A key of one channel says nothing about another.', scopesKeys(kind)],
      [
        'after',
        'after=POSITION lets a send through while nothing newer stands in the channel.',
        expects(kind),
      ],
      [
        'conflict',
        'after=POSITION refuses once something newer stands there, and says where.',
        conflicts(kind),
      ],
      ['one-winner', 'Of many that expect the same position one is appended.', oneWinner(kind)],
      ['tag', 'A tag travels with its event.', tags(kind)],
      ['default-event', 'Without a name an event is a message.', defaultsToMessage(kind)],
      ['refused', 'What the contract refuses is refused by its code, and stores nothing.', refuses(kind)],
    ]),
  ),
  ...contractCases('sending', '6', [
    ['batch-order', 'A batch is appended in its order, over several channels.', batchOrder],
    ['batch-goes-on', 'A message that is wrong for good does not stop the ones behind it.', batchGoesOn],
    ['batch-repeat', 'A batch sent again with its keys appends nothing.', batchRepeat],
    ['batch-shape', 'A batch that is no array of sends with keys is refused.', batchShape],
    ['pipelined', 'Sends on one WebSocket are appended in the order they were made.', pipelined],
    ['across', 'A key used by POST is known on a WebSocket, and the other way round.', acrossTransports],
  ]),
]

type Run = ServerCase['run']

function answered(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const before = await target.position(channel)
    const send = await kind.open(target)
    const answer = await send(channel, { payload: '1', event: 'sold' })
    ok(
      ['memory', 'os', 'disk', 'replicated'].includes(answer.durability ?? ''),
      `durability: ${answer.durability}`,
    )
    const events = await stored(target, channel, before)
    deepStrictEqual(
      events.map((event) => [event.id, event.event, event.data]),
      [[answer.id, 'sold', 1]],
    )
  }
}

function repeats(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    const sending: Sending = { payload: '{"a":1.0}', key: newKey() }
    const first = await send(channel, sending)
    const again = await send(channel, sending)
    deepStrictEqual([again.id, again.durability], [first.id, first.durability])
    deepStrictEqual((await stored(target, channel)).length, 1)
  }
}

function mismatches(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    const key = newKey()
    await send(channel, { payload: '{"a":1.0}', key })
    const other = await send(channel, { payload: '{"a":1.00}', key })
    deepStrictEqual(other.code, 'idempotency_mismatch')
    deepStrictEqual((await stored(target, channel)).length, 1)
  }
}

function scopesKeys(kind: SenderKind): Run {
  return async (target) => {
    const [one, two] = [target.channel(), target.channel()]
    const send = await kind.open(target)
    const key = newKey()
    const first = await send(one, { payload: '1', key })
    const second = await send(two, { payload: '2', key })
    deepStrictEqual([first.code, second.code, first.id === second.id], [undefined, undefined, false])
  }
}

function expects(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    const empty = await target.position(channel)
    const first = await send(channel, { payload: '1', after: empty })
    // What happens on other channels is not newer in this one.
    await target.publish(target.channel(), 'elsewhere')
    const second = await send(channel, { payload: '2', after: first.id })
    deepStrictEqual([first.code, second.code], [undefined, undefined])
  }
}

function conflicts(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    const empty = await target.position(channel)
    const first = await send(channel, { payload: '1' })
    const refused = await send(channel, { payload: '2', after: empty })
    deepStrictEqual(refused.code, 'conflict')
    deepStrictEqual((await stored(target, channel)).length, 1)
    // The position that is answered is one to read after and to expect next.
    const retried = await send(channel, { payload: '3', after: refused.position })
    deepStrictEqual(retried.code, undefined, `expected ${refused.position}, the channel stood at ${first.id}`)
  }
}

function oneWinner(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const empty = await target.position(channel)
    const senders = await Promise.all(count(0, 8).map(() => kind.open(target)))
    const answers = await Promise.all(
      senders.map((send, i) => send(channel, { payload: String(i), after: empty })),
    )
    deepStrictEqual(answers.filter((answer) => answer.code === undefined).length, 1)
    deepStrictEqual((await stored(target, channel)).length, 1)
  }
}

function tags(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    await send(channel, { payload: '1', tag: 'sku 7/é' })
    deepStrictEqual((await stored(target, channel))[0]?.tag, 'sku 7/é')
  }
}

function defaultsToMessage(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await (await kind.open(target))(channel, { payload: '1' })
    deepStrictEqual((await stored(target, channel))[0]?.event, 'message')
  }
}

/** What is wrong with a send, and the code that says so on every way to send. */
const wrong: readonly (readonly [sending: Sending, code: string])[] = [
  [{ payload: '1', event: 'a\nb' }, 'invalid_event_name'],
  [{ payload: '1', event: 'a\rb' }, 'invalid_event_name'],
  [{ payload: '1', event: 'a\0b' }, 'invalid_event_name'],
  [{ payload: '1', event: 'open' }, 'invalid_event_name'],
  [{ payload: '1', event: 'error' }, 'invalid_event_name'],
  [{ payload: '1', event: '$mine' }, 'invalid_event_name'],
  [{ payload: '1', event: '' }, 'invalid_event_name'],
  [{ payload: '1', event: 'x'.repeat(129) }, 'invalid_event_name'],
  [{ payload: '1', event: 'é'.repeat(65) }, 'invalid_event_name'],
  [{ payload: '1', key: 'x'.repeat(65) }, 'invalid_key'],
  [{ payload: '1', key: 'a b' }, 'invalid_key'],
  [{ payload: '1', after: 'nowhere' }, 'invalid_position'],
  [{ payload: '1', after: 'k3f9.9007199254740992' }, 'invalid_position'],
  [{ payload: '1', tag: 'x'.repeat(65) }, 'invalid_tag'],
  [{ payload: '1', tag: '' }, 'invalid_tag'],
  [{ payload: `${'['.repeat(33)}${']'.repeat(33)}` }, 'json_too_deep'],
  [{ payload: '"\\ud800"' }, 'invalid_json'],
  [{ payload: JSON.stringify('x'.repeat(256 * 1024)) }, 'payload_too_large'],
  [{ payload: new Uint8Array(256 * 1024 + 1) }, 'payload_too_large'],
]

function refuses(kind: SenderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const send = await kind.open(target)
    for (const [sending, code] of wrong) {
      const answer: Answer = await send(channel, sending)
      const what = JSON.stringify({ ...sending, payload: sending.payload.slice(0, 40) }).slice(0, 200)
      deepStrictEqual(answer.code, code, `${what} was answered ${JSON.stringify(answer)}`)
    }
    deepStrictEqual((await stored(target, channel)).length, 0)
  }
}

async function batchOrder(target: Target): Promise<void> {
  const channels = [target.channel(), target.channel()]
  const reader = await readerKinds[1]!.open(target, channels)
  const messages = count(0, 100).map((n) =>
    messageText(channels[n % 2]!, { payload: `{"n":${n}.0}`, key: newKey() }, n + 100),
  )
  const answer = await target.http('', post(`[${messages.join()}]`))
  deepStrictEqual(answer.status, 200, answer.body)
  const answers = JSON.parse(answer.body) as { op: string; ref: number; id: string }[]
  deepStrictEqual(
    answers.map((one) => [one.op, one.ref]),
    count(0, 100).map((n) => ['ok', n + 100]),
  )
  const seen = await take(reader, 100)
  deepStrictEqual(
    seen.map((item) => [item.channel, item.text, item.id]),
    answers.map((one, n) => [channels[n % 2], `{"n":${n}.0}`, one.id]),
  )
}

async function batchGoesOn(target: Target): Promise<void> {
  const channel = target.channel()
  const messages = [
    messageText(channel, { payload: '1', key: newKey() }, 1),
    messageText(channel, { payload: '2', key: newKey(), event: 'open' }, 2),
    messageText('a//b', { payload: '3', key: newKey() }, 3),
    messageText(channel, { payload: '4', key: newKey() }, 4),
  ]
  const answer = await target.http('', post(`[${messages.join()}]`))
  deepStrictEqual(answer.status, 200, answer.body)
  const answers = JSON.parse(answer.body) as { op: string; ref: number; code?: string }[]
  deepStrictEqual(
    answers.map((one) => [one.op, one.ref, one.code]),
    [
      ['ok', 1, undefined],
      ['error', 2, 'invalid_event_name'],
      ['error', 3, 'invalid_channel'],
      ['ok', 4, undefined],
    ],
  )
  deepStrictEqual(
    (await stored(target, channel)).map((event) => event.data),
    [1, 4],
  )
}

async function batchRepeat(target: Target): Promise<void> {
  const channel = target.channel()
  const body = `[${count(0, 5).map((n) => messageText(channel, { payload: String(n), key: newKey() }, n))}]`
  const first = await target.http('', post(body))
  const again = await target.http('', post(body))
  deepStrictEqual(JSON.parse(again.body), JSON.parse(first.body))
  deepStrictEqual((await stored(target, channel)).length, 5)
}

async function batchShape(target: Target): Promise<void> {
  const channel = target.channel()
  const keyless = messageText(channel, { payload: '1' }, 1)
  const subscribe = JSON.stringify({ op: 'subscribe', ref: 1, channel, key: newKey() })
  for (const body of ['{}', '7', '[7]', '[', `[${keyless}]`, `[${subscribe}]`]) {
    const answer = await target.http('', post(body))
    const refused = answer.status === 400 || (answer.status === 200 && /^\[\{"op":"error"/.test(answer.body))
    ok(refused, `${body} was answered ${answer.status} ${answer.body}`)
  }
  deepStrictEqual((await stored(target, channel)).length, 0)
}

async function pipelined(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket('')
  const answers = await Promise.all(count(0, 50).map((n) => socket.ask({ op: 'send', channel, data: n })))
  deepStrictEqual(
    answers.map((answer) => answer.op),
    answers.map(() => 'ok'),
  )
  const events = await stored(target, channel)
  deepStrictEqual(
    events.map((event) => [event.data, event.id]),
    count(0, 50).map((n) => [n, answers[n]?.envelope.id]),
  )
}

async function acrossTransports(target: Target): Promise<void> {
  const channel = target.channel()
  const senders = await Promise.all(senderKinds.map((kind) => kind.open(target)))
  const sending: Sending = { payload: '{"n":1}', key: newKey(), event: 'once' }
  const answers: Answer[] = []
  for (const send of senders) answers.push(await send(channel, sending))
  deepStrictEqual(new Set(answers.map((answer) => answer.id)).size, 1)
  deepStrictEqual((await stored(target, channel)).length, 1)
}

// --- what the cases share ---

interface Stored {
  id: string
  event: string
  data: unknown
  tag?: string
}

/** What the channel holds. */
async function stored(target: Target, channel: string, after = 'earliest'): Promise<Stored[]> {
  const answer = await target.http(`/${channel}?after=${after}&limit=1000`)
  deepStrictEqual(answer.status, 200, answer.body)
  return answer.json().events as Stored[]
}
