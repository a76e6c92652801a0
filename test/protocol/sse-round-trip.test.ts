import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSseBlock, encodeSseComment, type SseEvent } from '../../src/protocol/index.ts'
import { byteByByte, cutAt, recordSse } from './sse-recording.ts'
import { sseVectors } from './sse-vectors.ts'

const encoder = new TextEncoder()

/** Text that likes to stumble: line ends, NUL, colons, spaces, BOM, names of fields, characters of every length. */
const nastyUnit = fc.oneof(
  fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\0',
    ':',
    ' ',
    '\ufeff',
    '\u2028',
    'data:',
    'id:',
    'event:',
    'retry:1',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
)
const nastyText = fc.array(nastyUnit, { maxLength: 12 }).map((units) => units.join(''))
const fieldText = nastyText.map((text) => text.replace(/[\r\n\0]/g, ''))

const block = fc.record(
  { id: fieldText, event: fieldText.filter((name) => name !== ''), data: nastyText, comment: nastyText },
  { requiredKeys: ['data'] },
)

/** Bytes that are mostly SSE, and sometimes not UTF-8. */
const streamPiece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('data', 'event', 'id', 'retry', ':', ': ', ' ', 'x', '1', '\n', '\n\n'),
  },
  { weight: 3, arbitrary: fc.constantFrom('\r', '\r\n', '\r\r', '\r\n\r\n', '\ufeff', '\0', 'é', '😀') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
)
const streamBytes = fc.oneof(
  fc.array(streamPiece, { maxLength: 40 }).map((pieces) => encoder.encode(pieces.join(''))),
  fc
    .array(fc.oneof(streamPiece, fc.constantFrom('\xff', '\xe2', '\x82')), { maxLength: 40 })
    .map((pieces) => new Uint8Array(Buffer.from(pieces.join(''), 'latin1'))),
)

function joined(data: string): string {
  return data.split(/\r\n|\r|\n/).join('\n')
}

function chunksOf(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  return cutAt(
    bytes,
    places.map((place) => place % (bytes.length + 1)),
  )
}

describe('encode, then decode', () => {
  it('gives the same events, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(block, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (blocks, places) => {
          let text = ''
          let lastEventId = ''
          const events: SseEvent[] = []
          for (const { comment, ...fields } of blocks) {
            if (comment !== undefined) text += encodeSseComment(comment)
            text += encodeSseBlock(fields)
            lastEventId = fields.id ?? lastEventId
            events.push({ event: fields.event ?? 'message', data: joined(fields.data), lastEventId })
          }
          const bytes = encoder.encode(text)
          const expected = { events, retries: [], ignored: [], lastEventId }
          expect(recordSse([bytes])).toEqual(expected)
          expect(recordSse(chunksOf(bytes, places))).toEqual(expected)
          expect(recordSse(byteByByte(bytes))).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('keeps any retry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (retryMs) => {
        expect(recordSse([encoder.encode(encodeSseBlock({ retryMs }))]).retries).toEqual([retryMs])
      }),
    )
  })
})

describe('any bytes', () => {
  it('mean the same however they are cut', () => {
    fc.assert(
      fc.property(streamBytes, fc.array(fc.nat(), { maxLength: 8 }), (bytes, places) => {
        const whole = recordSse([bytes])
        expect(recordSse(chunksOf(bytes, places))).toEqual(whole)
        expect(recordSse(byteByByte(bytes))).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('and dispatch the same to an independent parser', () => {
    fc.assert(
      fc.property(streamBytes, (bytes) => {
        // Not the ids: that parser forgets one that stood in a block without data (the vectors hold ours to it).
        const dispatched = ({ event, data }: { event: string; data: string }) => ({ event, data })
        expect(recordSse([bytes]).events.map(dispatched)).toEqual(secondOpinion(bytes).map(dispatched))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the vectors', () => {
  it.each(sseVectors)('$name: an independent parser agrees', ({ bytes, events }) => {
    expect(secondOpinion(bytes)).toEqual(events)
  })
})

/** What `eventsource-parser` reads, brought to our shape: it leaves decoding, a type's default and the id to its user. */
function secondOpinion(bytes: Uint8Array): SseEvent[] {
  const events: SseEvent[] = []
  let lastEventId = ''
  const parser = createParser({
    onEvent(event) {
      lastEventId = event.id ?? lastEventId
      events.push({ event: event.event ?? 'message', data: event.data, lastEventId })
    },
  })
  parser.feed(new TextDecoder().decode(bytes))
  parser.feed(':\n') // It holds a final CR back until the next line.
  return events
}
