import fc from 'fast-check'
import {
  createSseDecoder,
  decodeSsePayload,
  encodeSseEvent,
  type SseEvent,
} from '../../src/protocol/index.ts'
import { binaryFrame, textFrame } from '../../src/transports/websocket-frame.ts'
import { assertSame, hostileText, longTexts, type Parser, parser } from './fuzz-input.ts'
import { readFrames } from './websocket-line.ts'

/** What is read and written piece by piece. */

const sseText = hostileText(
  'data:',
  'event:',
  'id:',
  'retry:',
  ':',
  ' ',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '1000',
  'x',
  '\0',
  '{}',
)
const cuts = fc.array(fc.nat(64), { maxLength: 8 })

function decode(chunks: readonly Uint8Array[]): { events: SseEvent[]; last: string; retries: number[] } {
  const events: SseEvent[] = []
  const retries: number[] = []
  const decoder = createSseDecoder({
    onEvent: (event) => void events.push(event),
    onRetry: (ms) => void retries.push(ms),
  })
  for (const chunk of chunks) decoder.push(chunk)
  return { events, last: decoder.lastEventId, retries }
}

function cutAt(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...at.map((n) => Math.min(n, bytes.length)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1]!, end))
}

const longStreams = longTexts(1024 * 1024 - 64, [
  '\n',
  '\r',
  '\r\n',
  'data:\n',
  'data: x',
  ':',
  'id\n',
  '\r\n\r',
  'x',
])

/** Streams of events, and frames. */
export const streamParsers: readonly Parser[] = [
  parser({
    name: 'an SSE stream, however it is cut',
    input: fc.tuple(
      fc.oneof(
        sseText.map((text) => new Uint8Array(Buffer.from(text))),
        fc.uint8Array(),
      ),
      cuts,
    ),
    check: ([bytes, at]) => assertSame(decode(cutAt(bytes, at)), decode([bytes])),
    long: longStreams.map((text): [Uint8Array, number[]] => [new Uint8Array(Buffer.from(text)), []]),
  }),
  parser({
    name: 'an SSE stream, byte by byte',
    input: sseText.map((text) => new Uint8Array(Buffer.from(text))),
    check: (bytes) => assertSame(decode([...bytes].map((byte) => Uint8Array.of(byte))), decode([bytes])),
    long: [],
  }),
  parser({
    name: 'an event of an SSE stream',
    input: fc.record({
      id: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
      name: hostileText('message', 'a', ':', ' '),
      payload: fc.oneof(fc.json(), fc.uint8Array()),
    }),
    check(fields) {
      let text: string
      try {
        text = encodeSseEvent(fields)
      } catch (error) {
        // What would write a field of its own is refused by the encoder; names and ids are checked long before it.
        if (error instanceof RangeError && /[\r\n\0]/.test(fields.name + (fields.id ?? ''))) return
        throw error
      }
      const { events } = decode([Buffer.from(text)])
      const whole = (one: string): string => Buffer.from(one).toString() // Half a surrogate pair cannot travel.
      assertSame(
        events.map(({ event, lastEventId }) => [event, lastEventId]),
        [[whole(fields.name) || 'message', whole(fields.id ?? '')]],
      )
      const { payload } = fields
      assertSame(decodeSsePayload(events[0]!.data), typeof payload === 'string' ? whole(payload) : payload)
    },
    long: [],
  }),
  parser({
    name: 'frames of the server',
    input: fc.array(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.uint8Array({ maxLength: 300 })),
      { maxLength: 4 },
    ),
    check(messages) {
      const written = messages.map((one) => (typeof one === 'string' ? textFrame(one) : binaryFrame(one)))
      const { frames } = readFrames(Buffer.concat([Buffer.from('HTTP/1.1 101 x\r\n\r\n'), ...written]), false)
      assertSame(
        frames.map(({ payload, opcode }) => [opcode, payload.toString('hex')]),
        messages.map((one) => [typeof one === 'string' ? 1 : 2, Buffer.from(one as string).toString('hex')]),
      )
      if (frames.some(({ fin, masked, reserved }) => !fin || masked || reserved !== 0))
        throw new Error('A server masks nothing and cuts nothing.')
      if (
        frames.some(
          ({ payload, lengthBytes }) =>
            lengthBytes !== (payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8),
        )
      )
        throw new Error('A length is not in its shortest form.')
    },
    long: [
      [
        new Uint8Array(125),
        new Uint8Array(126),
        new Uint8Array(65_535),
        new Uint8Array(65_536),
        new Uint8Array(266_244),
      ],
    ],
  }),
]
