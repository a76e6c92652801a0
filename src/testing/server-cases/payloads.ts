import { deepStrictEqual } from 'node:assert/strict'
import { contractCases, type ServerCase } from './case.ts'
import { take } from './items.ts'
import { type ReaderKind, readerKinds } from './readers.ts'
import { type SenderKind, senderKinds } from './senders.ts'
import type { Target } from './target.ts'

/** The lengths at which WebSocket's length field changes its form, the ends, and one that takes many packets. */
const sizes = [0, 1, 125, 126, 65_535, 65_536, 200 * 1024]

const texts: readonly string[] = [
  ...sizes.map((size) => JSON.stringify('x'.repeat(size))),
  // So that the whole text, quotes included, has these lengths too.
  ...sizes.filter((size) => size > 1).map((size) => JSON.stringify('y'.repeat(size - 2))),
  JSON.stringify('é🎏'.repeat(10_000)),
]

const bytes: readonly Uint8Array[] = sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => i * 31))

const oddities: readonly string[] = [
  '{"b":1.0,"a":12345678901234567890}',
  '{"n":-0.0,"big":1e400,"small":1E-7,"long":0.1000000000000000055511151231257827}',
  '{"z":1,"a":2,"10":3,"2":4}',
  '{"twice":1,"twice":2}',
  '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}',
  '{ "spaced" : [ 1 ,\t2 ] }',
  '"\\u0041\\u2028 \u2028\u2029 \\/ \\ud83c\\udf8f 🎏"',
  '"data: x\\n\\nid: 7\\n\\n"',
  '"\\u0000"',
  'null',
  'false',
  '0',
  '[]',
  '"data:application/json,not-bytes"',
  `${'['.repeat(32)}${']'.repeat(32)}`,
]

/** Payloads arrive as they were sent, up and down every transport (PROTOCOL.md, sections 2, 3 and 5). */
export const payloadCases: readonly ServerCase[] = senderKinds.flatMap((sender) =>
  readerKinds.flatMap((reader) =>
    contractCases(`payload/${sender.name}-to-${reader.name}`, '2', [
      [
        'text-sizes',
        'JSON texts of 2 bytes to 200 KiB arrive byte for byte.',
        carries(sender, reader, texts),
      ],
      [
        'bytes-sizes',
        'Bytes, none to 200 KiB of them, arrive byte for byte.',
        carries(sender, reader, bytes),
      ],
      ['verbatim', 'Digits, key order and odd keys survive.', carries(sender, reader, oddities)],
      [
        'line-breaks',
        'Line breaks between values become spaces, and nothing else changes.',
        breaks(sender, reader),
      ],
    ]),
  ),
)

function carries(sender: SenderKind, reader: ReaderKind, payloads: readonly (string | Uint8Array)[]) {
  return async (target: Target): Promise<void> => {
    const channel = target.channel()
    const reading = await reader.open(target, [channel])
    const send = await sender.open(target)
    for (const payload of payloads) {
      const answer = await send(channel, { payload, event: 'sized' })
      deepStrictEqual(answer.code, undefined, `refused: ${JSON.stringify(answer).slice(0, 200)}`)
      const [item] = await take(reading, 1)
      deepStrictEqual([item?.id, item?.event], [answer.id, 'sized'])
      assertCarried(item?.text ?? item?.bytes, payload)
    }
  }
}

/** Not `deepStrictEqual` on large values: its message would be the payload. */
function assertCarried(seen: string | Uint8Array | undefined, sent: string | Uint8Array): void {
  if (typeof sent === 'string') {
    if (seen === sent) return
  } else if (seen instanceof Uint8Array && Buffer.compare(seen, sent) === 0) return
  throw new Error(`Sent ${show(sent)}, but ${show(seen)} arrived.`)
}

function show(payload: string | Uint8Array | undefined): string {
  if (payload === undefined) return 'nothing'
  const kind = typeof payload === 'string' ? 'a text' : 'bytes'
  return `${kind} of ${payload.length}: ${String(payload.slice(0, 80))}`
}

function breaks(sender: SenderKind, reader: ReaderKind) {
  return async (target: Target): Promise<void> => {
    const channel = target.channel()
    const reading = await reader.open(target, [channel])
    const send = await sender.open(target)
    await send(channel, { payload: '{\r\n"a":\n1.50,\r"b":"\\r\\n"\n}' })
    const [item] = await take(reading, 1)
    deepStrictEqual(item?.text, '{  "a": 1.50, "b":"\\r\\n" }')
  }
}
