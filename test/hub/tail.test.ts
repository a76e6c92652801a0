import { describe, expect, it } from 'vitest'
import { EncodedEvent } from '../../src/hub/encoded-event.ts'
import { Tail } from '../../src/hub/tail.ts'
import { countingEncoding } from './fake-connection.ts'

function push(tail: Tail, offset: number, payload = String(offset)): void {
  const stored = { channel: 'c', offset, prev: 0, event: 'e', payload, time: 0 }
  tail.push(new EncodedEvent(stored, 'epoch'))
}

describe('a tail', () => {
  it('encodes an event once for all who come back, from wherever they come', () => {
    const tail = new Tail(0)
    for (let offset = 1; offset <= 5; offset++) push(tail, offset)
    const encoding = countingEncoding()
    const read = (after: number) => tail.after(after).map((event) => event.bytes(encoding).toString())
    expect(read(3)).toEqual(['["c",4,"4"]\n', '["c",5,"5"]\n'])
    expect(encoding.encoded).toBe(2)
    push(tail, 6)
    expect(read(2)).toHaveLength(4)
    expect(read(5)).toEqual(['["c",6,"6"]\n'])
    expect(encoding.encoded).toBe(4)
    expect(tail.after(6)).toEqual([])
  })

  it('gives up the oldest beyond its bounds, those that somebody came back for among them', () => {
    const tail = new Tail(0, 100, 1_000)
    for (let offset = 1; offset <= 60; offset++) push(tail, offset, 'x')
    expect(tail.after(0)).toHaveLength(60)
    for (let offset = 61; offset <= 200; offset++) push(tail, offset, 'x')
    expect(tail.start).toBe(100)
    expect(tail.after(100).map(({ event }) => event.offset)).toEqual(
      Array.from({ length: 100 }, (_, i) => 101 + i),
    )
    push(tail, 201, 'x'.repeat(999))
    expect([tail.start, tail.after(199).length]).toEqual([199, 2])
  })
})
