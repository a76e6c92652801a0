import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decodeBinaryMessage,
  type EventFields,
  type EventMessage,
  encodeBinaryMessage,
  encodeEventHeader,
  encodeEventMessage,
  encodeSseBlock,
  limits,
  parseJsonPayload,
  parseServerMessage,
} from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'
import { recordSse } from './sse-recording.ts'

const order: EventFields = {
  channel: 'orders',
  id: 'k3f9.42',
  event: 'new_order',
  payload: '{"total":45.990, "id":123}',
  time: 1795347131844,
}

describe("an event's envelope", () => {
  it('carries JSON text as it stands', () => {
    expect(encodeEventMessage(order)).toBe(
      '{"op":"event","channel":"orders","id":"k3f9.42","event":"new_order","data":{"total":45.990, "id":123},"time":1795347131844}',
    )
  })

  it('carries bytes as base64, and a tag', () => {
    expect(encodeEventMessage({ ...order, payload: Uint8Array.of(0, 1, 2), tag: 'AAPL' })).toBe(
      '{"op":"event","channel":"orders","id":"k3f9.42","event":"new_order","bytes":"AAEC","time":1795347131844,"tag":"AAPL"}',
    )
  })

  it('has no id on a channel that keeps nothing', () => {
    expect(JSON.parse(encodeEventMessage({ ...order, id: undefined }))).not.toHaveProperty('id')
  })

  it('has no data as the header of a binary message', () => {
    const { payload: _, ...header } = order
    expect(encodeEventHeader(header)).toBe(
      '{"op":"event","channel":"orders","id":"k3f9.42","event":"new_order","time":1795347131844}',
    )
    expect(encodeEventHeader(order)).toBe(encodeEventHeader(header))
  })

  it('is read as it was written', () => {
    const text = fc.string({ unit: 'binary' })
    const payload = fc.oneof(fc.json({ stringUnit: 'binary' }), fc.uint8Array())
    const fields = fc.record(
      { channel: text, id: text, event: text, payload, time: fc.maxSafeNat(), tag: text },
      { requiredKeys: ['channel', 'event', 'payload', 'time'] },
    )
    fc.assert(
      fc.property(fields, ({ payload, ...header }) => {
        const message = parseServerMessage(encodeEventMessage({ ...header, payload })) as EventMessage
        const { op, data, bytes, ...read } = message
        expect(op).toBe('event')
        expect(read).toEqual(header)
        if (typeof payload === 'string') expect(data).toEqual(JSON.parse(payload))
        else expect(decodeBase64(bytes!)).toEqual(payload)
        expect(parseServerMessage(encodeEventHeader(header))).toEqual({ op: 'event', ...header })
      }),
      { numRuns: 500 },
    )
  })

  it('is one line of an SSE stream, whatever line breaks its text had', () => {
    const payload = parseJsonPayload('{\r\n"a"\n:\r"\\n"}')
    const text = encodeSseBlock({
      id: 'k3f9.42',
      data: encodeEventMessage({ ...order, event: 'a\u2028b', payload }),
    })
    expect(text.match(/\n/g)).toHaveLength(3)
    const { events } = recordSse([new TextEncoder().encode(text)])
    expect(parseServerMessage(events[0]!.data)).toMatchObject({ event: 'a\u2028b', data: { a: '\n' } })
  })

  it('fits the header of a binary message, whatever names it bears', () => {
    const header = encodeEventHeader({
      channel: 'c'.repeat(limits.channelBytes),
      id: `${'z'.repeat(16)}.${Number.MAX_SAFE_INTEGER}`,
      event: '\x01'.repeat(limits.eventNameBytes),
      time: Number.MAX_SAFE_INTEGER,
      tag: '\x01'.repeat(limits.tagBytes),
    })
    expect(decodeBinaryMessage(encodeBinaryMessage(header, Uint8Array.of(1))).envelope).toBe(header)
  })
})

describe("a server's message", () => {
  it.each([
    { op: 'ok', ref: 7, id: 'k3f9.42', durability: 'memory' },
    { op: 'error', ref: 7, code: 'forbidden', message: 'No.', retry: true },
    { op: 'heartbeat', id: 'k3f9.41', everyMs: 25000 },
    { op: 'reset', channel: 'orders', reason: 'trimmed', earliest: 'k3f9.1', latest: 'k3f9.9' },
    { op: 'bye', reason: 'drain', retryMs: 1234 },
    { op: 'denied', channel: 'orders', code: 'forbidden' },
    { op: 'presence', channel: 'orders', join: ['a'], leave: [] },
  ])('$op is read, unknown fields too', (message) => {
    const text = JSON.stringify({ ...message, later: 1 })
    expect(parseServerMessage(text)).toEqual({ ...message, later: 1 })
  })

  it.each([
    '{}',
    '{"op":"later"}',
    '{"op":1}',
    '{"op":null}',
    '{"op":["event"]}',
    '{"op":"constructor"}',
    '{"op":"__proto__"}',
    '{"op":"subscribe"}',
  ])('%s is ignored', (text) => {
    expect(parseServerMessage(text)).toBeUndefined()
  })

  it.each([
    '',
    '{',
    'null',
    '1',
    '"event"',
    '[]',
    '[{"op":"event"}]',
    '<html>',
    '\ufeff{}',
    '{"op":"bye"}{"op":"bye"}',
  ])('%j is an error', (text) => {
    expect(codeOf(() => parseServerMessage(text))).toBe('bad_message')
  })

  it('touches no prototype', () => {
    parseServerMessage('{"op":"event","__proto__":{"polluted":1},"data":{"__proto__":{"polluted":1}}}')
    expect({}).not.toHaveProperty('polluted')
  })

  it('of any text throws nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(['bad_message', undefined]).toContain(codeOf(() => parseServerMessage(text)))
      }),
      { numRuns: 500 },
    )
  })
})
