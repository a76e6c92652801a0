import { describe, expect, it } from 'vitest'
import { createSseDecoder, type SseEvent } from '../../src/protocol/index.ts'
import { byteByByte, cutAt, recordSse } from './sse-recording.ts'
import { type SseVector, sseVectors } from './sse-vectors.ts'

const encoder = new TextEncoder()
const bytes = (text: string) => encoder.encode(text)

function expected(vector: SseVector) {
  return {
    events: vector.events,
    retries: vector.retries ?? [],
    ignored: vector.ignored ?? [],
    lastEventId: vector.lastEventId ?? vector.events.at(-1)?.lastEventId ?? '',
  }
}

describe.each(sseVectors)('$name', (vector) => {
  it('in one piece', () => {
    expect(recordSse([vector.bytes])).toEqual(expected(vector))
  })

  it('cut at every byte, once and twice', () => {
    for (let first = 0; first <= vector.bytes.length; first++) {
      expect(recordSse(cutAt(vector.bytes, [first]))).toEqual(expected(vector))
      for (let second = first; second <= vector.bytes.length && vector.bytes.length < 60; second++) {
        expect(recordSse(cutAt(vector.bytes, [first, second]))).toEqual(expected(vector))
      }
    }
  })

  it('byte by byte', () => {
    expect(recordSse(byteByByte(vector.bytes))).toEqual(expected(vector))
  })

  it('byte by byte with empty chunks between', () => {
    const chunks = byteByByte(vector.bytes).flatMap((chunk) => [chunk, new Uint8Array()])
    expect(recordSse(chunks)).toEqual(expected(vector))
  })
})

describe('every vector with its line ends exchanged', () => {
  const plain = sseVectors.filter(({ bytes }) => !bytes.includes(0x0d))
  it.each(['\r', '\r\n'])('%j in place of LF', (lineEnd) => {
    for (const vector of plain) {
      const changed = replaceLf(vector.bytes, lineEnd)
      for (let cut = 0; cut <= changed.length; cut++) {
        expect(recordSse(cutAt(changed, [cut])), vector.name).toEqual(expected(vector))
      }
      expect(recordSse(byteByByte(changed)), vector.name).toEqual(expected(vector))
    }
  })

  it('all vectors on one stream', () => {
    // Whole blocks only: what is unfinished would run into the next.
    const whole = sseVectors.filter(({ bytes }) =>
      /(\n\n|\r\r|\r\n\r\n)$/.test(String.fromCharCode(...bytes)),
    )
    const stream = Buffer.concat(whole.map(({ bytes }) => bytes))
    const { events } = recordSse([stream])
    expect(events).toHaveLength(whole.flatMap((vector) => vector.events).length)
    expect(recordSse(byteByByte(stream)).events).toEqual(events)
  })
})

function replaceLf(source: Uint8Array, lineEnd: string): Uint8Array {
  const changed: number[] = []
  for (const byte of source) changed.push(...(byte === 0x0a ? bytes(lineEnd) : [byte]))
  return Uint8Array.from(changed)
}

describe('when an event is dispatched', () => {
  it.each(['data:1\r\r', 'data:1\n\n', 'data:1\r\n\r', 'data:1\n\r', 'data:1\r\n\n'])(
    '%j dispatches with its last byte',
    (text) => {
      const events: SseEvent[] = []
      const decoder = createSseDecoder({ onEvent: (event) => events.push(event) })
      const chunks = byteByByte(bytes(text))
      for (const chunk of chunks.slice(0, -1)) decoder.push(chunk)
      expect(events).toEqual([])
      decoder.push(chunks.at(-1)!)
      expect(events).toEqual([{ event: 'message', data: '1', lastEventId: '' }])
    },
  )

  it('an LF after a final CR is no line of its own', () => {
    const { events, ignored } = recordSse([bytes('data:1\r\r'), bytes('\ndata:2\r\r'), bytes('\n')])
    expect(events.map(({ data }) => data)).toEqual(['1', '2'])
    expect(ignored).toEqual([])
  })

  it('the id that a reconnect sends is known from the end of its block on', () => {
    const decoder = createSseDecoder({ onEvent() {} })
    decoder.push(bytes('id:a.1\ndata:x\n'))
    expect(decoder.lastEventId).toBe('')
    decoder.push(bytes('\nid:a.2\n'))
    expect(decoder.lastEventId).toBe('a.1')
  })

  it('a handler sees its own id as the last', () => {
    const ids: string[] = []
    const decoder = createSseDecoder({ onEvent: () => ids.push(decoder.lastEventId) })
    decoder.push(bytes('id:a.1\ndata:x\n\nid:a.2\ndata:y\n\n'))
    expect(ids).toEqual(['a.1', 'a.2'])
  })

  it('an event that a handler refused does not come again', () => {
    const seen: string[] = []
    const decoder = createSseDecoder({
      onEvent({ data }) {
        seen.push(data)
        if (data === '1') throw new Error('refused')
      },
    })
    expect(() => decoder.push(bytes('event:a\ndata:1\n\n'))).toThrow('refused')
    decoder.push(bytes('data:2\n\n'))
    expect(seen).toEqual(['1', '2'])
  })
})

describe('blocks that dispatch nothing', () => {
  it('names the lines of the one-line example', () => {
    const { ignored, events } = recordSse([bytes('event: new_order data: {"id": 123}\n\n')])
    expect(events).toEqual([])
    expect(ignored).toEqual([['event: new_order data: {"id": 123}']])
  })

  it('names neither comments nor the lines of a block that dispatched', () => {
    const { ignored } = recordSse([bytes(': note\n\nfoo:1\ndata:1\n\nfoo:2\nid:3\n: note\n\n')])
    expect(ignored).toEqual([['foo:2', 'id:3']])
  })
})

describe('24: what one block may hold', () => {
  const bound = 64

  function pushAll(chunks: Iterable<Uint8Array>): { data: string[]; failed: boolean } {
    const data: string[] = []
    const decoder = createSseDecoder({ onEvent: (event) => data.push(event.data) }, bound)
    try {
      for (const chunk of chunks) decoder.push(chunk)
      return { data, failed: false }
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      expect(() => decoder.push(bytes('\n\ndata:later\n\n'))).toThrow(RangeError)
      return { data, failed: true }
    }
  }

  const cases: { name: string; text: string; data: string[]; failed: boolean }[] = [
    {
      name: 'a line at the bound',
      text: `data:${'x'.repeat(bound - 6)}\n\n`,
      data: ['x'.repeat(bound - 6)],
      failed: false,
    },
    { name: 'a line past it', text: `data:${'x'.repeat(bound - 5)}\n\n`, data: [], failed: true },
    { name: 'a line without end', text: 'x'.repeat(bound + 1), data: [], failed: true },
    { name: 'a line without end at the bound', text: 'x'.repeat(bound), data: [], failed: false },
    { name: 'many lines', text: 'data:x\n'.repeat(10), data: [], failed: true },
    { name: 'many empty lines of data', text: 'data\n'.repeat(20), data: [], failed: true },
    { name: 'unknown fields', text: 'foo\n'.repeat(20), data: [], failed: true },
    { name: 'one long comment', text: `:${'x'.repeat(bound)}\n`, data: [], failed: true },
    {
      name: 'comments for ever: they hold nothing',
      text: `${': alive\n'.repeat(50)}data:1\n\n`,
      data: ['1'],
      failed: false,
    },
    { name: 'comments inside a block', text: `data:1\n${': alive\n'.repeat(50)}\n`, data: [], failed: true },
    {
      name: 'many blocks, each inside the bound',
      text: `data:${'x'.repeat(40)}\n\n`.repeat(5),
      data: Array.from({ length: 5 }, () => 'x'.repeat(40)),
      failed: false,
    },
    {
      name: 'what came before the block that is too long',
      text: `data:1\n\ndata:2\n\n${'y'.repeat(bound + 1)}\n\ndata:3\n\n`,
      data: ['1', '2'],
      failed: true,
    },
  ]

  it.each(cases)('$name', ({ text, data, failed }) => {
    expect(pushAll([bytes(text)])).toEqual({ data, failed })
    expect(pushAll(byteByByte(bytes(text)))).toEqual({ data, failed })
    for (let cut = 0; cut <= text.length; cut++) {
      expect(pushAll(cutAt(bytes(text), [cut]))).toEqual({ data, failed })
    }
  })

  it('10 MiB without a line end stop at 1 MiB', () => {
    const decoder = createSseDecoder({ onEvent() {} })
    const chunk = new Uint8Array(64 * 1024).fill(0x78)
    let taken = 0
    expect(() => {
      for (; taken < 10 * 1024 * 1024; taken += chunk.length) decoder.push(chunk)
    }).toThrow(RangeError)
    expect(taken).toBe(1024 * 1024)
  })

  it('a line of 1 MiB byte by byte costs no square', () => {
    const data = 'x'.repeat(1024 * 1024 - 7)
    const { events } = recordSse(byteByByte(bytes(`data:${data}\n\n`)))
    expect(events).toEqual([{ event: 'message', data, lastEventId: '' }])
  })

  it('a quarter of a million empty fields in one block cost no square', () => {
    const lines = 200_000
    const { events } = recordSse(byteByByte(bytes(`${'data\n'.repeat(lines)}\n`)))
    expect(events[0]?.data).toBe('\n'.repeat(lines - 1))
  })
})
