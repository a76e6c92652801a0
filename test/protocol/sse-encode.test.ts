import { describe, expect, it } from 'vitest'
import { encodeSseBlock, encodeSseComment } from '../../src/protocol/index.ts'
import { recordSse } from './sse-recording.ts'

const read = (text: string) => recordSse([new TextEncoder().encode(text)])

describe('encodeSseBlock', () => {
  it('writes retry, id, event and data, then the blank line', () => {
    expect(
      encodeSseBlock({ retryMs: 2417, id: 'k3f9.41', event: '$heartbeat', data: '{"everyMs":25000}' }),
    ).toBe('retry: 2417\nid: k3f9.41\nevent: $heartbeat\ndata: {"everyMs":25000}\n\n')
  })

  it('leaves out event for message', () => {
    expect(encodeSseBlock({ id: 'k3f9.42', event: 'message', data: '1' })).toBe('id: k3f9.42\ndata: 1\n\n')
  })

  it('writes a block without data, and an empty one', () => {
    expect(encodeSseBlock({ id: 'k3f9.42' })).toBe('id: k3f9.42\n\n')
    expect(encodeSseBlock({})).toBe('\n')
  })

  it('writes empty data and empty id', () => {
    expect(read(encodeSseBlock({ id: '', data: '' })).events).toEqual([
      { event: 'message', data: '', lastEventId: '' },
    ])
  })

  it('writes whole milliseconds', () => {
    expect(encodeSseBlock({ retryMs: 2417.9 })).toBe('retry: 2417\n\n')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e21])(
    'refuses a retry of %s, which no reader takes',
    (retryMs) => {
      expect(() => encodeSseBlock({ retryMs })).toThrow(RangeError)
    },
  )

  it.each(['a\rb', 'a\nb', 'a\r\nb', 'a\0b', '\n', 'x\ndata: injected', 'x\r\rdata: injected', 'x\n\n'])(
    'refuses %j in id and event',
    (value) => {
      expect(() => encodeSseBlock({ id: value, data: '1' })).toThrow(RangeError)
      expect(() => encodeSseBlock({ event: value, data: '1' })).toThrow(RangeError)
    },
  )

  it.each([
    ['m\ndata:INJECTED', 'm\ndata:INJECTED'],
    ['m\revent: injected', 'm\nevent: injected'],
    ['m\r\n\r\ndata: injected', 'm\n\ndata: injected'],
    ['a\n', 'a\n'],
    ['\n', '\n'],
    ['\r\n\n\r', '\n\n\n'],
    ['a\0b', 'a\0b'],
    ['id: 7\nretry: 0', 'id: 7\nretry: 0'],
  ])('data %j stays one event', (data, seen) => {
    const { events, retries, ignored } = read(encodeSseBlock({ id: 'a.1', event: 'x', data }))
    expect(events).toEqual([{ event: 'x', data: seen, lastEventId: 'a.1' }])
    expect([retries, ignored]).toEqual([[], []])
  })

  it('keeps what stands first in a value: spaces, colons, a BOM', () => {
    for (const value of [' ', '  two', ':', ': x', '\ufeff', '\tx']) {
      expect(read(encodeSseBlock({ id: value, event: value, data: value })).events).toEqual([
        { event: value, data: value, lastEventId: value },
      ])
    }
  })
})

describe('encodeSseComment', () => {
  it.each(['note', '', 'a\nb', 'a\rdata: injected', 'a\r\n\r\ndata: injected\n\n', 'a\0b', ':'])(
    'of %j is seen by no page',
    (comment) => {
      const text = encodeSseComment(comment)
      expect(read(text)).toEqual({ events: [], retries: [], ignored: [], lastEventId: '' })
      expect(read(`${text}data: 1\n\n`).events).toHaveLength(1)
      expect(text.endsWith('\n\n')).toBe(true)
    },
  )
})

describe('the four defects of other codecs', () => {
  it('data of several lines is several fields, not one list joined by commas', () => {
    expect(encodeSseBlock({ data: 'a\nb' })).toBe('data: a\ndata: b\n\n')
  })

  it('a line break in data neither writes a field of its own nor loses a line', () => {
    expect(read(encodeSseBlock({ event: 'x', data: 'm\ndata:INJECTED' })).events).toEqual([
      { event: 'x', data: 'm\ndata:INJECTED', lastEventId: '' },
    ])
  })

  it('a CRLF cut between two chunks loses no event', () => {
    const encoder = new TextEncoder()
    const { events } = recordSse([
      encoder.encode('data: 1\r\n\r'),
      encoder.encode('\ndata: 2\r'),
      encoder.encode('\n\r\n'),
    ])
    expect(events.map(({ data }) => data)).toEqual(['1', '2'])
  })

  it('an id with a line break is refused', () => {
    expect(() => encodeSseBlock({ id: '1\ndata: injected', data: 'x' })).toThrow(RangeError)
  })
})
