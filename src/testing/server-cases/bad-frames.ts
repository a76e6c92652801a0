import { deepStrictEqual } from 'node:assert/strict'
import { askFrames, type Frame } from '../wire/frames.ts'
import type { ServerCase } from './case.ts'
import { besideHealthy } from './healthy.ts'

/** Frames that a WebSocket must not carry, and the close code to each (rows 27 to 29 of the bad inputs). */
interface BadFrames {
  readonly row: number
  readonly name: string
  readonly frames: readonly Frame[]
  readonly code: number
}

const text = '{"op":"unsubscribe","ref":1,"channel":"a"}'

const protocolErrors: Readonly<Record<string, readonly Frame[]>> = {
  unmasked: [{ opcode: 1, payload: text, masked: false }],
  ...Object.fromEntries(
    [4, 2, 1].map((reserved) => [`reserved-bit-${reserved}`, [{ opcode: 1, payload: text, reserved }]]),
  ),
  ...Object.fromEntries(
    [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode-${opcode}`, [{ opcode }]]),
  ),
  'fragmented-ping': [{ opcode: 9, payload: 'x', fin: false }],
  'long-ping': [{ opcode: 9, payload: 'x'.repeat(126) }],
  'fragmented-close': [{ opcode: 8, payload: '\x03\xe8', fin: false }],
  'stray-continuation': [{ opcode: 0, payload: text }],
  'text-inside-fragment': [
    { opcode: 1, payload: '{"op"', fin: false },
    { opcode: 1, payload: text },
  ],
  'close-of-one-byte': [{ opcode: 8, payload: 'x' }],
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1016, 2999].map((code) => [`close-${code}`, [closeFrame(code)]]),
  ),
}

const badFrames: readonly BadFrames[] = [
  ...Object.entries(protocolErrors).map(([name, frames]) => ({ row: 27, name, frames, code: 1002 })),
  {
    row: 28,
    name: 'text-not-utf8',
    frames: [{ opcode: 1, payload: Uint8Array.of(0x22, 0xff, 0x22) }],
    code: 1007,
  },
  { row: 28, name: 'reason-not-utf8', frames: [closeFrame(1000, Uint8Array.of(0xff))], code: 1007 },
  { row: 29, name: 'too-long', frames: [{ opcode: 1, payload: ' '.repeat(1024 * 1024) }], code: 1009 },
  { row: 29, name: 'length-2^40', frames: [{ opcode: 1, claimedLength: 2n ** 40n }], code: 1009 },
  { row: 29, name: 'length-2^62', frames: [{ opcode: 2, claimedLength: 2n ** 62n }], code: 1009 },
  { row: 29, name: 'long-in-pieces', frames: pieces(17, ' '.repeat(64 * 1024)), code: 1009 },
  { row: 29, name: 'many-fragments', frames: pieces(70, ' '), code: 1008 },
  { row: 29, name: 'many-empty-fragments', frames: pieces(70, ''), code: 1008 },
]

/** The cases, each beside a healthy stream. */
export const badFrameCases: readonly ServerCase[] = badFrames.map(({ row, name, frames, code }) => ({
  id: `bad-frames/${row}-${name}`,
  title: `Frames (${name}) close with ${code}, and only their own connection.`,
  section: '9',
  run: (target) =>
    besideHealthy(target, async () => {
      deepStrictEqual(await askFrames(target.url(`/${target.channel()}`), frames), code)
    }),
}))

function closeFrame(code: number, reason: Uint8Array = new Uint8Array()): Frame {
  return { opcode: 8, payload: Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), reason]) }
}

function pieces(n: number, payload: string): Frame[] {
  return Array.from({ length: n }, (_, i) => ({ opcode: i === 0 ? 1 : 0, payload, fin: i === n - 1 }))
}
