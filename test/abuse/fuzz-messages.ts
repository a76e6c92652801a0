import fc from 'fast-check'
import {
  decodeBinaryMessage,
  encodeBase64,
  encodeBinaryMessage,
  encodeEventMessage,
  formatPosition,
  isChannelName,
  isChannelPattern,
  limits,
  matchPattern,
  parseAfter,
  parseAuth,
  parseBase64,
  parseChannelName,
  parseClientId,
  parseEventName,
  parseJsonPayload,
  parseKey,
  parseSend,
  parseServerMessage,
  parseSubscribe,
  parseTag,
  parseUnsubscribe,
  splitBatch,
  splitClientMessage,
  toPayload,
} from '../../src/protocol/index.ts'
import { assertSame, hostileJson, hostileText, longTexts, type Parser, parser } from './fuzz-input.ts'

const positionText = hostileText(
  'k3f9',
  '.',
  '42',
  '0',
  '-1',
  'earliest',
  'latest',
  '9007199254740991',
  '9007199254740993',
  'A',
  ' ',
)
const nameText = hostileText(
  'a',
  'Z',
  '/',
  '.',
  '..',
  '_',
  '~',
  '-',
  '*',
  '@',
  '$',
  'open',
  'error',
  'message',
  ' ',
)
const longNames = longTexts(16_384, ['a', 'a/', '/', '../', '_', '*/', '.', 'é', '\ud83d', ' '])

/** The last bits of the padding may be any: the bytes are what counts. */
function keepBytes(text: string): string {
  const bytes = parseBase64(text)
  assertSame(parseBase64(encodeBase64(bytes)), bytes)
  return text
}

/** Numbers may be written in several ways; what they mean may not change. */
function checkJson(text: string): void {
  const carried = parseJsonPayload(text)
  if (/[\r\n]/.test(carried)) throw new Error('A line break is left.')
  if (carried.length !== text.length) throw new Error('The text was written anew.')
  assertSame(JSON.parse(carried), JSON.parse(text))
}

const member = fc.constantFrom(
  'op',
  'ref',
  'channel',
  'event',
  'data',
  'bytes',
  'key',
  'tag',
  'after',
  'last',
  'client',
  'batch',
  'token',
  '__proto__',
)
const messageValue = fc.oneof(
  fc.constantFrom<unknown>(
    'send',
    'subscribe',
    'unsubscribe',
    'auth',
    1,
    1.5,
    -1,
    null,
    'orders',
    'k3f9.1',
    'AAEC',
    'abcdefgh',
    true,
  ),
  fc.jsonValue({ maxDepth: 2 }),
)
const clientText = fc.oneof(
  fc.array(fc.tuple(member, messageValue), { maxLength: 8 }).map(
    // Not an object: keys may stand twice.
    (members) =>
      `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  ),
  fc
    .record(
      {
        op: fc.constantFrom('send', 'subscribe', 'unsubscribe', 'auth'),
        ref: fc.integer(),
        channel: nameText,
        data: fc.jsonValue(),
        key: fc.string(),
        tag: nameText,
        after: positionText,
      },
      { requiredKeys: ['op', 'ref'] },
    )
    .map((one) => JSON.stringify(one)),
  hostileJson,
)

function checkMessage(text: string): void {
  const message = splitClientMessage(text)
  const meant = JSON.parse(text) as Record<string, unknown>
  assertSame([message.op, message.ref], [meant.op, meant.ref])
  if (message.op === 'subscribe') assertSame(parseSubscribe(message, 'own').channel, meant.channel ?? 'own')
  else if (message.op === 'unsubscribe') assertSame(parseUnsubscribe(message, 'own'), meant.channel ?? 'own')
  else if (message.op === 'auth') assertSame(parseAuth(message), meant.token)
  else {
    const send = parseSend(message, 'own')
    assertSame([send.channel, send.event], [meant.channel ?? 'own', meant.event ?? 'message'])
    if (typeof send.payload === 'string') assertSame(JSON.parse(send.payload), meant.data)
    else assertSame(encodeBase64(send.payload), meant.bytes)
  }
}

const same = (
  name: string,
  input: fc.Arbitrary<string>,
  parse: (text: string) => string,
  long = longNames,
): Parser => parser({ name, input, check: (text) => assertSame(parse(text), text), long })

const nesting = [
  '[',
  '{"a":',
  '"\\"',
  '"',
  '\\',
  '{',
  ',',
  '\\ud83d',
  '[]',
  '1,',
  ' ',
  '"a":"b",',
  '\r\n',
  '😀',
  '\\u0000',
]

/** What stands inside messages, and whole messages. */
export const messageParsers: readonly Parser[] = [
  same('a channel name', nameText, parseChannelName),
  same('an event name', nameText, parseEventName),
  same('a tag', nameText, parseTag),
  same('a key', nameText, parseKey),
  same('a client id', hostileText('abcdefgh', '-', '_', 'A'), parseClientId),
  parser({
    name: 'a position',
    input: positionText,
    check(text) {
      const after = parseAfter(text)
      assertSame(typeof after === 'string' ? after : formatPosition(after.epoch, after.offset), text)
    },
    long: longTexts(16_384, ['k3f9.', '1', '.', 'a', '0']),
  }),
  parser({
    name: 'a channel pattern',
    input: fc.tuple(nameText, nameText),
    check([pattern, name]) {
      if (!isChannelPattern(pattern) || !isChannelName(name)) return
      const stars = matchPattern(pattern, name)
      let i = 0
      if (stars)
        assertSame(
          pattern.replaceAll('*', () => stars[i++]!),
          name,
        )
    },
    long: longNames.map((name): [string, string] => [longNames[5]!, name]),
  }),
  same(
    'base64',
    fc.oneof(fc.base64String(), hostileText('A', 'AA', '=', '==', '+', '/', '-', '_')),
    keepBytes,
    longTexts(limits.payloadBytes, ['A', 'AAAA', '=', 'AA==', 'A=', '\n']),
  ),
  parser({
    name: 'a JSON payload',
    input: hostileJson,
    check: checkJson,
    long: [
      ...longTexts(limits.payloadBytes, nesting),
      ...longTexts(limits.payloadBytes - 4, nesting, '"', '"'),
      ...longTexts(limits.payloadBytes - 4, nesting, '["', '"]'),
    ],
  }),
  parser({
    name: 'a value as payload',
    input: fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true }),
    check: (value) => void toPayload(value),
    long: [],
  }),
  parser({
    name: 'a message of a client',
    input: clientText,
    check: checkMessage,
    long: [
      ...longTexts(limits.messageBytes, nesting),
      ...longTexts(limits.messageBytes, nesting, '{"op":"send","ref":1,"data":"', '"}'),
      ...longTexts(limits.messageBytes, ['"a":1,', '"data":[],'], '{', '"op":"send","ref":1}'),
    ],
  }),
  parser({
    name: 'a batch',
    input: fc.oneof(
      fc.array(clientText, { maxLength: 6 }).map((all) => `[${all.join(',')}]`),
      hostileJson,
    ),
    check: (text) =>
      assertSame(
        splitBatch(text).map(({ ref }) => ref),
        (JSON.parse(text) as { ref: number }[]).map(({ ref }) => ref),
      ),
    long: [
      ...longTexts(limits.batchBytes, nesting, '[', ']'),
      ...longTexts(limits.batchBytes, ['{"op":"send","ref":1},'], '[', '{"op":"send","ref":1}]'),
    ],
  }),
  parser({
    name: 'a binary message',
    input: fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(clientText, fc.uint8Array({ maxLength: 20 })).map(([text, bytes]) => {
        const header = new TextEncoder().encode(text)
        return Buffer.concat([Uint8Array.of(0, 0, header.length >> 8, header.length & 255), header, bytes])
      }),
    ),
    check(message) {
      const { envelope, bytes } = decodeBinaryMessage(message)
      if (Buffer.compare(encodeBinaryMessage(envelope, bytes), message) !== 0)
        throw new Error('It reads otherwise than it is written.')
    },
    long: [new Uint8Array(limits.messageBytes), new Uint8Array(limits.messageBytes).fill(255)],
  }),
  parser({
    name: 'a message of a server',
    input: fc.oneof(hostileJson, clientText),
    check: (text) => void parseServerMessage(text),
    long: longTexts(limits.messageBytes, nesting),
  }),
  parser({
    name: 'an envelope',
    input: fc.record({
      channel: nameText,
      id: fc.option(positionText, { nil: undefined }),
      event: nameText,
      time: fc.nat(),
      tag: fc.option(nameText, { nil: undefined }),
      payload: fc.oneof(fc.json(), fc.uint8Array()),
    }),
    check(fields) {
      const { op, payload, ...rest } = { op: 'event', ...fields }
      const read = parseServerMessage(encodeEventMessage(fields)) as unknown as Record<string, unknown>
      const { data, bytes, op: readOp, ...readRest } = read
      assertSame(
        [readOp, Object.entries(readRest).sort()],
        [op, Object.entries(JSON.parse(JSON.stringify(rest))).sort()],
      )
      assertSame(
        typeof payload === 'string' ? data : bytes,
        typeof payload === 'string' ? JSON.parse(payload) : encodeBase64(payload),
      )
    },
    long: [],
  }),
]
