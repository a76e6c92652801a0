import type { AbuseCase } from './case.ts'
import { type WebSocketCase, websocketCase } from './websocket-case.ts'
import { closeFrame, inFragments, type SentFrame } from './websocket-line.ts'

/**
 * A WebSocket after the categories of the Autobahn suite (1 framing, 2 pings, 5 fragments, 6 UTF-8, 7 closing, 10 one message
 * in many frames). That whatever else comes is read as `ws` reads it is shown by test/transports/frame-reader.test.ts.
 * A message of the test is an `unsubscribe`, answered `ok`, or a `send` on a channel of its own, answered and heard.
 */

const bye = closeFrame(1000)
const unsubscribe = '{"op":"unsubscribe","ref":1}'
const message: SentFrame = { opcode: 1, payload: unsubscribe }
const ping = (payload: string | Uint8Array = ''): SentFrame => ({ opcode: 9, payload })

/** A message of exactly `bytes` bytes: a reader ignores fields that it does not know. */
function padded(bytes: number): string {
  const start = '{"op":"unsubscribe","ref":1,"pad":"'
  return `${start}${'x'.repeat(bytes - start.length - 2)}"}`
}

/** A binary `send` of `n` bytes. */
function binarySend(n: number, envelope = '{"op":"send","ref":1}'): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(envelope.length)
  return Buffer.concat([length, Buffer.from(envelope), Buffer.alloc(n, 7)])
}

/** A text `send` whose data is a string made of these bytes. */
function sendOf(...data: number[]): Uint8Array {
  return Buffer.concat([
    Buffer.from('{"op":"send","ref":1,"data":"'),
    Uint8Array.from(data),
    Buffer.from('"}'),
  ])
}

const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

type Row = readonly [name: string, frames: readonly SentFrame[], expected: string]

const tables: Readonly<Record<string, readonly Row[]>> = {
  '1': [
    ...[125, 126, 127, 128, 65_535, 65_536, 262_144].map(
      (n): Row => [`text-of-${n}`, [{ opcode: 1, payload: padded(n) }, ping('p')], 'ok, pong "p"'],
    ),
    ['length-in-2-bytes-though-short', [{ ...message, lengthBytes: 2 }], 'ok'],
    ['length-in-8-bytes-though-short', [{ ...message, lengthBytes: 8 }], 'ok'],
    ...[0, 1, 125, 65_536, 262_144].map(
      (n): Row => [`bytes-of-${n}`, [{ opcode: 2, payload: binarySend(n) }], `ok, binary of ${n}`],
    ),
    [
      'longest-binary-header',
      [{ opcode: 2, payload: binarySend(1, `{"op":"send","ref":1${' '.repeat(4075)}}`) }],
      'ok, binary of 1',
    ],
    [
      'binary-header-too-long',
      [{ opcode: 2, payload: binarySend(1, `{"op":"send","ref":1${' '.repeat(4076)}}`) }],
      'close 4000',
    ],
    [
      'longest-payload',
      [{ opcode: 1, payload: `{"op":"send","ref":1,"data":"${'x'.repeat(262_142)}"}` }],
      'ok, event',
    ],
    [
      'payload-too-long',
      [{ opcode: 1, payload: `{"op":"send","ref":1,"data":"${'x'.repeat(262_143)}"}` }],
      'error payload_too_large',
    ],
    ['longest-message', [{ opcode: 1, payload: padded(266_244) }], 'ok'],
    ['message-too-long', [{ opcode: 1, payload: padded(266_245) }], 'close 1009'],
  ],
  '2': [
    ['ping', [ping(), bye], 'pong "", close 1000'],
    ['ping-with-text', [ping('hello'), bye], 'pong "hello", close 1000'],
    ['ping-with-bytes', [ping(Uint8Array.of(0, 0xff, 0xfe)), bye], 'pong "\\u0000ÿþ", close 1000'],
    ['longest-ping', [ping('x'.repeat(125)), bye], 'pong of 125, close 1000'],
    ['ping-too-long', [ping('x'.repeat(126))], 'close 1002'],
    ['pong-unasked', [{ opcode: 10, payload: 'x' }, ping('p'), bye], 'pong "p", close 1000'],
    ['ten-pings', [...Array.from({ length: 10 }, () => ping('p')), bye], 'pong "p" ×10, close 1000'],
    ['pings-of-every-kind', [ping('a'), { opcode: 10 }, ping('b'), message], 'pong "a", pong "b", ok'],
  ],
  '5': [
    ['two-fragments', inFragments(1, [unsubscribe.slice(0, 9), unsubscribe.slice(9)]), 'ok'],
    ['an-empty-fragment', inFragments(1, ['', unsubscribe, '']), 'ok'],
    [
      'a-ping-between-fragments',
      [inFragments(1, [unsubscribe, ''])[0]!, ping('p'), inFragments(1, ['', ''])[1]!],
      'pong "p", ok',
    ],
    [
      'sixty-four-fragments',
      inFragments(1, [
        ...cut(Buffer.from(unsubscribe), 1),
        ...Array.from({ length: 64 - unsubscribe.length }, () => ''),
      ]),
      'ok',
    ],
    [
      'sixty-five-fragments',
      inFragments(1, [
        ...cut(Buffer.from(unsubscribe), 1),
        ...Array.from({ length: 65 - unsubscribe.length }, () => ''),
      ]),
      'close 1008',
    ],
    ['binary-in-fragments', inFragments(2, cut(binarySend(5), 3)), 'ok, binary of 5'],
    ['a-new-message-inside', [{ opcode: 1, payload: '{', fin: false }, message], 'close 1002'],
    ['a-continuation-of-nothing', [{ opcode: 0, payload: 'x' }], 'close 1002'],
    [
      'a-fragmented-ping',
      [
        { opcode: 9, payload: 'p', fin: false },
        { opcode: 0, payload: 'q' },
      ],
      'close 1002',
    ],
    ['a-close-between-fragments', [{ opcode: 1, payload: '{', fin: false }, bye], 'close 1000'],
  ],
  '6': [
    ['utf8-two-bytes', [{ opcode: 1, payload: sendOf(0xc3, 0xa9) }], 'ok, event'],
    ['utf8-four-bytes', [{ opcode: 1, payload: sendOf(0xf0, 0x9f, 0x8e, 0x8f) }], 'ok, event'],
    ['utf8-cut-between-frames', inFragments(1, cut(sendOf(0xf0, 0x9f, 0x8e, 0x8f), 31)), 'ok, event'],
    ['utf8-last-of-all', [{ opcode: 1, payload: sendOf(0xf4, 0x8f, 0xbf, 0xbf) }], 'ok, event'],
    ['utf8-past-the-last', [{ opcode: 1, payload: sendOf(0xf4, 0x90, 0x80, 0x80) }], 'close 1007'],
    ['utf8-half-a-surrogate', [{ opcode: 1, payload: sendOf(0xed, 0xa0, 0x80) }], 'close 1007'],
    ['utf8-overlong', [{ opcode: 1, payload: sendOf(0xc0, 0xaf) }], 'close 1007'],
    ['utf8-overlong-nul', [{ opcode: 1, payload: sendOf(0xe0, 0x80, 0x80) }], 'close 1007'],
    ['utf8-lone-continuation', [{ opcode: 1, payload: sendOf(0x80) }], 'close 1007'],
    ['utf8-cut-short', [{ opcode: 1, payload: sendOf(0xe2, 0x82) }], 'close 1007'],
    ['utf8-bad-in-a-binary-payload', [{ opcode: 2, payload: binarySend(3) }], 'ok, binary of 3'],
    ['utf8-bad-in-a-reason', [closeFrame(1000, Uint8Array.of(0xce, 0xba, 0xff))], 'close 1007'],
  ],
  '7': [
    ['close-without-a-code', [closeFrame()], 'close'],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map(
      (code): Row => [`close-${code}`, [closeFrame(code)], `close ${code}`],
    ),
    ['close-with-the-longest-reason', [closeFrame(1000, 'x'.repeat(123))], 'close 1000'],
    ['a-message-after-the-close', [bye, message], 'close 1000'],
    ['a-second-close', [bye, closeFrame(1001)], 'close 1000'],
    ['a-ping-after-the-close', [bye, ping('p')], 'close 1000'],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000].map(
      (code): Row => [`close-${code}`, [closeFrame(code)], 'close 1002'],
    ),
  ],
  '10': [['a-message-in-1-KiB-fragments', inFragments(1, cut(Buffer.from(padded(65_536)), 1024)), 'ok']],
}

const ways = ['whole', 'byte by byte', 'pipelined'] as const

/** What is no message: the upgrade itself, and floods. */
const others: readonly WebSocketCase[] = [
  {
    row: '3',
    name: 'reserved-bit-1-without-deflate',
    lines: ['Sec-WebSocket-Extensions: permessage-deflate'],
    frames: [{ ...message, reserved: 4 }],
    expected: 'close 1002',
  },
  {
    row: 'open',
    name: 'own-subprotocol',
    lines: ['Sec-WebSocket-Protocol: fairlead.v1.json'],
    frames: [bye],
    expected: 'close 1000',
  },
  {
    row: 'open',
    name: 'other-subprotocol',
    lines: ['Sec-WebSocket-Protocol: soap, mqtt'],
    frames: [],
    expected: 'status 400',
  },
  {
    row: 'open',
    name: 'empty-subprotocol',
    lines: ['Sec-WebSocket-Protocol: ,'],
    frames: [],
    expected: 'status 400',
  },
  ...['8', '7', '0', '12', '14', '13, 8', 'x'].map((version) => ({
    row: 'open',
    name: `version-${version.replace(', ', '-')}`,
    lines: [`Sec-WebSocket-Version: ${version}`],
    frames: [],
    expected: 'status 426',
  })),
  {
    row: 'open',
    name: 'a-key-too-short',
    lines: ['Sec-WebSocket-Key: AAAA'],
    frames: [],
    expected: 'status 400',
  },
  {
    row: 'open',
    name: 'two-keys',
    lines: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
    frames: [],
    expected: 'status 400',
  },
  {
    row: 'flood',
    name: 'a-thousand-messages',
    frames: Array.from({ length: 1000 }, () => message),
    expected: 'ok ×1000',
  },
  {
    row: 'flood',
    name: 'a-thousand-subscribes-to-one-channel',
    frames: Array.from(
      { length: 1000 },
      (): SentFrame => ({ opcode: 1, payload: '{"op":"subscribe","ref":1}' }),
    ),
    expected: 'ok ×1000',
  },
]

/** Every case. */
export const websocketCases: readonly AbuseCase[] = [
  ...Object.entries(tables).flatMap(([row, cases]) =>
    cases.map(([name, frames, expected]) => ({ row, name, frames, expected })),
  ),
  ...others,
].map((one) => websocketCase('websocket', { ways, ...one }))
