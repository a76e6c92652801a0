import type { AbuseCase } from './case.ts'
import { websocketCase } from './websocket-case.ts'
import { closeFrame, inFragments, type SentFrame } from './websocket-line.ts'

/** Rows 27 to 30 of the bad inputs, and what of the others is said on a WebSocket. */

const text = (message: object | string): SentFrame => ({
  opcode: 1,
  payload: typeof message === 'string' ? message : JSON.stringify(message),
})
const unsubscribe = '{"op":"unsubscribe","ref":1,"channel":"a"}'
const bye = closeFrame(1000)

/** Close with 1002. */
const protocolErrors: Readonly<Record<string, readonly SentFrame[]>> = {
  unmasked: [{ opcode: 1, payload: unsubscribe, masked: false }],
  ...named('reserved-bit', [1, 2, 4, 7], (reserved) => [{ opcode: 1, payload: unsubscribe, reserved }]),
  ...named('opcode', [3, 4, 5, 6, 7, 11, 12, 13, 14, 15], (opcode) => [{ opcode }]),
  'fragmented-ping': [{ opcode: 9, payload: 'x', fin: false }],
  'fragmented-pong': [{ opcode: 10, payload: 'x', fin: false }],
  'fragmented-close': [{ ...bye, fin: false }],
  'long-ping': [{ opcode: 9, payload: 'x'.repeat(126) }],
  'long-pong': [{ opcode: 10, payload: 'x'.repeat(126) }],
  'long-close': [closeFrame(1000, 'x'.repeat(124))],
  'stray-continuation': [{ opcode: 0, payload: unsubscribe }],
  'text-inside-fragment': [{ opcode: 1, payload: '{"op"', fin: false }, text(unsubscribe)],
  'binary-inside-fragment': [
    { opcode: 1, payload: '{"op"', fin: false },
    { opcode: 2, payload: 'x' },
  ],
  'close-of-one-byte': [{ opcode: 8, payload: 'x' }],
  ...named('close', [0, 999, 1004, 1005, 1006, 1016, 2999, 5000, 65_535], (code) => [closeFrame(code)]),
}

/** The close code, or what is answered before a goodbye, to each. */
const answered: Readonly<Record<string, Readonly<Record<string, readonly SentFrame[]>>>> = {
  '28 close 1007': {
    'text-not-utf8': [{ opcode: 1, payload: Uint8Array.of(0x22, 0xff, 0x22) }],
    'text-cut-in-a-character': [{ opcode: 1, payload: Uint8Array.of(0x22, 0xe2, 0x82) }],
    'reason-not-utf8': [closeFrame(1000, Uint8Array.of(0xff))],
  },
  '29 close 1009': {
    'too-long': [{ opcode: 1, payload: ' '.repeat(256 * 1024 + 4101) }],
    'too-long-binary': [{ opcode: 2, payload: new Uint8Array(256 * 1024 + 4101) }],
    'length-2-to-the-40': [{ opcode: 1, claimedLength: 2n ** 40n }],
    'length-2-to-the-62': [{ opcode: 2, claimedLength: 2n ** 62n }],
    'long-in-pieces': inFragments(
      1,
      Array.from({ length: 17 }, () => ' '.repeat(16 * 1024)),
    ),
  },
  '29 close 1008': {
    'many-fragments': inFragments(
      1,
      Array.from({ length: 70 }, () => ' '),
    ),
    'many-empty-fragments': inFragments(
      1,
      Array.from({ length: 70 }, () => ''),
    ),
  },
  '30 error bad_message, close 4000': {
    'no-data': [text({ op: 'send', ref: 1 })],
  },
  '30 close 4000': {
    'unknown-op': [text({ op: 'launch', ref: 1 })],
    'no-op': [text({ ref: 1 })],
    'no-ref': [text({ op: 'subscribe', channel: 'a' })],
    'ref-is-text': [text({ op: 'subscribe', ref: '1', channel: 'a' })],
    'ref-is-no-integer': [text({ op: 'subscribe', ref: 1.5, channel: 'a' })],
    'no-json': [text('{"op":')],
    'empty-text': [text('')],
    array: [text('[]')],
    null: [text('null')],
    deep: [text('['.repeat(100_000))],
    'empty-binary': [{ opcode: 2, payload: '' }],
    'binary-header-outside': [{ opcode: 2, payload: Uint8Array.of(0, 0, 0, 9, 0x7b) }],
    'binary-header-long': [
      { opcode: 2, payload: Buffer.concat([Uint8Array.of(0, 0, 0x10, 1), Buffer.alloc(5000, 0x20)]) },
    ],
    'binary-header-not-utf8': [{ opcode: 2, payload: Uint8Array.of(0, 0, 0, 2, 0xff, 0xff) }],
  },
  '30 error invalid_json': {
    'lone-surrogate': [text('{"op":"send","ref":1,"data":"\\ud800"}')],
  },
  '30 error json_too_deep': {
    'deep-data': [text(`{"op":"send","ref":1,"data":${'['.repeat(40)}${']'.repeat(40)}}`)],
  },
  '30 error payload_too_large': {
    'long-data': [text(`{"op":"send","ref":1,"data":"${'x'.repeat(256 * 1024)}"}`)],
    'long-bytes': [{ opcode: 2, payload: binary('{"op":"send","ref":1}', 256 * 1024 + 1) }],
  },
  '30 error invalid_event_name ×3': {
    'bad-event-names': ['open', '$reset', 'a\nb'].map((event, ref) =>
      text({ op: 'send', ref, event, data: 1 }),
    ),
  },
}

/** Each as a row. */
export const websocketInputs: readonly AbuseCase[] = [
  ...Object.entries(protocolErrors).map(([name, frames]) => ({
    row: '27',
    name: `frame-${name}`,
    frames,
    expected: 'close 1002',
  })),
  ...Object.entries(answered).flatMap(([key, cases]) =>
    Object.entries(cases).map(([name, frames]) => ({
      row: key.slice(0, 2),
      name: `frame-${name}`,
      frames,
      expected: key.slice(3),
    })),
  ),
  {
    row: '30',
    name: 'too-many-subscriptions',
    path: '/live',
    frames: [
      ...Array.from({ length: 103 }, (_, ref) => text({ op: 'subscribe', ref, channel: `many/${ref}` })),
    ],
    expected: 'ok ×100, error too_many_subscriptions ×3',
  },
  {
    row: '30',
    name: 'bytes-are-allowed',
    frames: [{ opcode: 2, payload: binary('{"op":"unsubscribe","ref":1}', 0) }],
    expected: 'ok',
  },
  {
    row: '19',
    name: 'upgrade-of-nobody-forever',
    at: 'ruled' as const,
    path: '/live',
    frames: [],
    expected: 'close 4103',
    long: true,
  },
  {
    row: '20',
    name: 'auth-with-a-refused-token',
    at: 'ruled' as const,
    path: '/live',
    frames: [text({ op: 'auth', ref: 1, token: 'forged' })],
    expected: 'error invalid_token',
  },
  {
    row: '22',
    name: 'subscribe-to-forbidden',
    at: 'ruled' as const,
    path: '/live',
    lines: ['Authorization: Bearer ann'],
    frames: [
      ...['closed', 'nothing', 'letters/bob'].map((channel, ref) => text({ op: 'subscribe', ref, channel })),
      text({ op: 'subscribe', ref: 4, channel: 'letters/ann' }),
    ],
    expected: 'error forbidden ×3, ok',
  },
  {
    row: '26',
    name: 'upgrade-to-draining',
    at: 'draining' as const,
    path: '/live/open',
    frames: [],
    expected: 'bye, close 4200',
  },
  {
    row: 'more',
    name: 'auth-as-somebody-else',
    at: 'ruled' as const,
    path: '/live',
    lines: ['Authorization: Bearer ann'],
    frames: [text({ op: 'auth', ref: 1, token: 'bob' })],
    expected: 'close 4001',
  },
].map((one) => websocketCase('bad input', one))

/** A binary message whose bytes are `n` zeros. */
function binary(envelope: string, n: number): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(envelope.length)
  return Buffer.concat([length, Buffer.from(envelope), Buffer.alloc(n)])
}

function named(
  name: string,
  numbers: readonly number[],
  frames: (n: number) => readonly SentFrame[],
): Record<string, readonly SentFrame[]> {
  return Object.fromEntries(numbers.map((n) => [`${name}-${n}`, frames(n)]))
}
