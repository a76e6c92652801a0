import { deepStrictEqual, match } from 'node:assert/strict'
import { subprotocol } from '../../protocol/index.ts'
import { upgradeRequest } from '../wire/frames.ts'
import { askRaw } from '../wire/raw.ts'
import { contractCases, type ServerCase } from './case.ts'
import { count } from './items.ts'
import { post, type Target } from './target.ts'

/** What a WebSocket refuses, how it opens and how it closes (PROTOCOL.md, section 5). */
export const websocketErrorCases: readonly ServerCase[] = contractCases('websocket', '5', [
  ['errors', 'What is wrong inside a message is answered by an error, and the connection stays.', errors],
  ['many', 'A hundred subscriptions fit, one more is answered too_many_subscriptions.', many],
  ['unknown-fields', 'Fields that the server does not know are ignored.', unknownFields],
  ['bad-messages', 'What is no message at all closes with 4000.', badMessages],
  ['subprotocol', 'fairlead.v1.json is selected when offered, alone or among others.', selects],
  ['no-subprotocol', 'None offered: none selected, the same language.', selectsNone],
  ['unknown-subprotocol', 'Only others offered: 400 unknown_subprotocol.', refusesOthers],
  ['close', 'A close of the client is answered with its code.', closes],
  ['no-compression', 'Compression is not negotiated unless a channel says so.', noCompression],
])

const wrong: readonly (readonly [message: object, code: string])[] = [
  [{ op: 'subscribe', channel: 'a//b' }, 'invalid_channel'],
  [{ op: 'subscribe', channel: '_own' }, 'invalid_channel'],
  [{ op: 'subscribe', channel: 'a/../b' }, 'invalid_channel'],
  [{ op: 'subscribe', channel: '' }, 'invalid_channel'],
  [{ op: 'subscribe', channel: 'x'.repeat(256) }, 'invalid_channel'],
  [{ op: 'subscribe', channel: 'a\nb' }, 'invalid_channel'],
  [{ op: 'subscribe', channel: 'a', after: 'nowhere' }, 'invalid_position'],
  [{ op: 'subscribe', channel: 'a', after: 'k3f9.1', last: 1 }, 'invalid_position'],
  [{ op: 'subscribe', channel: 'a', last: -1 }, 'invalid_limit'],
  [{ op: 'subscribe', channel: 'a', client: 'short' }, 'invalid_client'],
  [{ op: 'send', channel: 'a//b', data: 1 }, 'invalid_channel'],
]

async function errors(target: Target): Promise<void> {
  const socket = await target.socket('')
  for (const [message, code] of wrong) {
    const { op, envelope } = await socket.ask(message)
    deepStrictEqual(
      [op, envelope.code, typeof envelope.message],
      ['error', code, 'string'],
      JSON.stringify(message),
    )
    deepStrictEqual(envelope.retry, undefined)
  }
  deepStrictEqual((await socket.ask({ op: 'subscribe', channel: target.channel() })).op, 'ok')
}

async function many(target: Target): Promise<void> {
  const socket = await target.socket('')
  const base = target.channel()
  const answers = await Promise.all(
    count(0, 101).map((n) => socket.ask({ op: 'subscribe', channel: `${base}/${n}` })),
  )
  deepStrictEqual(
    answers.map((answer) => answer.op),
    [...count(0, 100).map(() => 'ok'), 'error'],
  )
  deepStrictEqual(answers[100]?.envelope.code, 'too_many_subscriptions')
  await target.publish(`${base}/7`, 'here')
  deepStrictEqual((await socket.op('event')).envelope.data, 'here')
}

async function unknownFields(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket('')
  const answer = await socket.ask({ op: 'subscribe', channel, shiny: { new: true } })
  deepStrictEqual(answer.op, 'ok')
}

const nonsense: readonly (string | Uint8Array)[] = [
  'hello',
  '{',
  '[]',
  'null',
  '7',
  '{"op":"subscribe","channel":"a"}',
  '{"op":"subscribe","ref":"1","channel":"a"}',
  '{"op":"subscribe","ref":1.5,"channel":"a"}',
  '{"op":"dance","ref":1}',
  '{"ref":1}',
  Uint8Array.of(),
  Uint8Array.of(0, 0, 0),
  Uint8Array.of(0, 0, 0, 9, 123, 125),
  Uint8Array.of(255, 255, 255, 255, 123, 125),
  Uint8Array.of(0, 0, 0, 2, 255, 254),
  Uint8Array.of(0, 0, 0, 2, 123, 125),
  Buffer.concat([Uint8Array.of(0, 0, 16, 1), Buffer.alloc(4097, ' ')]),
]

async function badMessages(target: Target): Promise<void> {
  for (const message of nonsense) {
    const socket = await target.socket('')
    socket.send(message)
    const { code } = await socket.closed
    deepStrictEqual(code, 4000, `${String(message).slice(0, 60)} closed with ${code}`)
  }
}

async function selects(target: Target): Promise<void> {
  for (const protocols of [[subprotocol], ['mqtt', subprotocol, 'soap']]) {
    const socket = await target.socket(`/${target.channel()}`, { protocols })
    deepStrictEqual(socket.subprotocol, subprotocol)
    socket.cut()
  }
}

async function selectsNone(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket(`/${channel}`)
  deepStrictEqual(socket.subprotocol, '')
  await target.http(`/${channel}`, post('1'))
  deepStrictEqual((await socket.op('event')).envelope.data, 1)
}

async function refusesOthers(target: Target): Promise<void> {
  const url = target.url(`/${target.channel()}`)
  const answer = await askRaw(url, upgradeRequest(url, ['Sec-WebSocket-Protocol: mqtt, soap']))
  deepStrictEqual(answer.status, 400)
  match(answer.body, /"code":"unknown_subprotocol"/)
}

async function closes(target: Target): Promise<void> {
  for (const code of [1000, 3000]) {
    const socket = await target.socket(`/${target.channel()}`)
    socket.close(code)
    deepStrictEqual((await socket.closed).code, code)
  }
}

async function noCompression(target: Target): Promise<void> {
  const url = target.url(`/${target.channel()}`)
  const answer = await askRaw(url, upgradeRequest(url, ['Sec-WebSocket-Extensions: permessage-deflate']))
  deepStrictEqual([answer.status, answer.headers.get('sec-websocket-extensions')], [101, undefined])
}
