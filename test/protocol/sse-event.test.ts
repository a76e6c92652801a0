import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeSsePayload,
  encodeSseEvent,
  isFairleadError,
  parseJsonPayload,
} from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'
import { recordSse } from './sse-recording.ts'

const read = (text: string) => recordSse([new TextEncoder().encode(text)])

describe("an application's event on a plain stream", () => {
  it('is its payload', () => {
    expect(encodeSseEvent({ id: 'k3f9.42', name: 'new_order', payload: '{"id":123,"total":45.99}' })).toBe(
      'id: k3f9.42\nevent: new_order\ndata: {"id":123,"total":45.99}\n\n',
    )
  })

  it('names no type for message, and no id where nothing is kept', () => {
    expect(encodeSseEvent({ name: 'message', payload: '1' })).toBe('data: 1\n\n')
  })

  it('of bytes is a data URL in one field', () => {
    expect(encodeSseEvent({ id: 'k3f9.43', name: 'frame', payload: Uint8Array.of(0, 1, 2) })).toBe(
      'id: k3f9.43\nevent: frame\ndata: data:application/octet-stream;base64,AAEC\n\n',
    )
    expect(encodeSseEvent({ name: 'message', payload: new Uint8Array() })).toBe(
      'data: data:application/octet-stream;base64,\n\n',
    )
  })

  it('is read as it was written', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/[\r\n\0]/.test(text))
    const payload = fc.oneof(fc.json({ stringUnit: 'binary' }).map(parseJsonPayload), fc.uint8Array())
    fc.assert(
      fc.property(name, payload, (name, payload) => {
        const { events, ignored } = read(encodeSseEvent({ id: 'k3f9.1', name: `chat/7:${name}`, payload }))
        expect(ignored).toEqual([])
        expect(events).toHaveLength(1)
        expect(events[0]).toMatchObject({ event: `chat/7:${name}`, lastEventId: 'k3f9.1' })
        expect(decodeSsePayload(events[0]!.data)).toEqual(payload)
      }),
    )
  })

  it('a JSON string that looks like a data URL stays a string', () => {
    const payload = '"data:application/octet-stream;base64,AAEC"'
    expect(decodeSsePayload(read(encodeSseEvent({ name: 'x', payload })).events[0]!.data)).toBe(payload)
  })

  it.each(['a\nb', 'a\rb', 'a\0b', 'x\ndata: injected'])('with %j in id or name is refused', (value) => {
    expect(() => encodeSseEvent({ name: value, payload: '1' })).toThrow(RangeError)
    expect(() => encodeSseEvent({ id: value, name: 'x', payload: '1' })).toThrow(RangeError)
  })

  it('broken bytes are our error', () => {
    expect(codeOf(() => decodeSsePayload('data:application/octet-stream;base64,AAE'))).toBe('bad_message')
    expect(isFairleadError(new Error('x'))).toBe(false)
  })
})
