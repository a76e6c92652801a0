import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeBase64,
  encodeBinaryMessage,
  limits,
  parseAuth,
  parseLast,
  parseSend,
  parseSubscribe,
  parseUnsubscribe,
  splitBatch,
  splitClientMessage,
} from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

const split = splitClientMessage
const send = (fields: string, ref = 3) => split(`{"op":"send","ref":${ref},${fields}}`)
const subscribe = (fields: string) => split(`{"op":"subscribe","ref":1,${fields}}`)

describe('splitting a message', () => {
  it('gives op, ref and the raw text of the payload', () => {
    const { op, ref, data } = split(' { "op" : "send" , "ref" : 7 , "data" : { "b" : 1.0 , "a" : [ ] } } ')
    expect([op, ref]).toEqual(['send', 7])
    expect(data).toBe('{ "b" : 1.0 , "a" : [ ] }')
  })

  it.each(['subscribe', 'unsubscribe', 'send', 'auth'])('knows %s', (op) => {
    expect(split(JSON.stringify({ op, ref: 0 })).op).toBe(op)
  })

  it.each(['0', '-1', '1.0', '1e3', '9007199254740991', '-0'])('ref %s is a whole number', (ref) => {
    expect(split(`{"op":"auth","ref":${ref}}`).ref).toBe(Number(ref))
  })

  it('reads names and values however they are escaped, and the last of two', () => {
    const { op, ref } = split('{"\\u006fp":"s\\u0065nd","ref":1,"\\u0072ef":2}')
    expect([op, ref]).toEqual(['send', 2])
  })

  it.each([
    '',
    ' ',
    'null',
    'true',
    '1',
    '"send"',
    '[]',
    '[{"op":"send","ref":1}]',
    '{}',
    '{"op":"send"}',
    '{"ref":1}',
    '{"op":null,"ref":1}',
    '{"op":"send","ref":null}',
    '{"op":"send","ref":"1"}',
    '{"op":"send","ref":1.5}',
    '{"op":"send","ref":1e400}',
    '{"op":"send","ref":9007199254740992}',
    '{"op":"send","ref":[1]}',
    '{"op":["send"],"ref":1}',
    '{"op":"publish","ref":1}',
    '{"op":"Send","ref":1}',
    '{"op":"constructor","ref":1}',
    '{"op":"__proto__","ref":1}',
    '{"op":"event","ref":1}',
    '{"op":"send","ref":1',
    '{"op":"send","ref":1}}',
    '{"op":"send","ref":1}{"op":"send","ref":2}',
    '{"op":"send","ref":1,}',
    "{'op':'send','ref':1}",
    '\ufeff{"op":"send","ref":1}',
    'op=send&ref=1',
    '{"__proto__":{"op":"send","ref":1}}',
  ])('%j is no message', (text) => {
    expect(codeOf(() => split(text))).toBe('bad_message')
  })

  it('takes fields that it does not know, however deep', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(split(`{"op":"auth","later":${deep},"ref":1,"token":"x"}`).ref).toBe(1)
    expect(codeOf(() => split(deep))).toBe('bad_message')
    expect(codeOf(() => split('['.repeat(500_000)))).toBe('bad_message')
    expect(codeOf(() => split('{"a":'.repeat(100_000)))).toBe('bad_message')
  })
})

describe('a subscribe', () => {
  it('has a channel, and where to start', () => {
    expect(parseSubscribe(subscribe('"channel":"orders","after":"k3f9.42","client":"abcdefgh"'))).toEqual({
      channel: 'orders',
      after: { epoch: 'k3f9', offset: 42 },
      last: undefined,
      client: 'abcdefgh',
    })
    expect(parseSubscribe(subscribe('"channel":"orders","after":"earliest"')).after).toBe('earliest')
    expect(parseSubscribe(subscribe('"channel":"orders","last":10')).last).toBe(10)
    expect(parseSubscribe(subscribe('"channel":"orders","after":null,"last":null')).after).toBeUndefined()
  })

  it('may leave the channel to the URL', () => {
    expect(parseSubscribe(subscribe('"last":0'), 'orders')).toMatchObject({ channel: 'orders', last: 0 })
    expect(parseSubscribe(subscribe('"channel":"stock"'), 'orders').channel).toBe('stock')
    expect(parseSubscribe(subscribe('"channel":null'), 'orders').channel).toBe('orders')
    expect(parseUnsubscribe(split('{"op":"unsubscribe","ref":1}'), 'orders')).toBe('orders')
  })

  it.each([
    ['"x":1', 'invalid_channel'],
    ['"channel":""', 'invalid_channel'],
    ['"channel":"a//b"', 'invalid_channel'],
    ['"channel":"_presence/x"', 'invalid_channel'],
    ['"channel":7', 'bad_message'],
    ['"channel":["orders"]', 'bad_message'],
    ['"channel":"orders","after":"42"', 'invalid_position'],
    ['"channel":"orders","after":42', 'bad_message'],
    ['"channel":"orders","after":"latest","last":1', 'invalid_position'],
    ['"channel":"orders","last":"1"', 'bad_message'],
    ['"channel":"orders","last":-1', 'invalid_limit'],
    ['"channel":"orders","last":1.5', 'invalid_limit'],
    ['"channel":"orders","last":1001', 'invalid_limit'],
    ['"channel":"orders","last":1e400', 'invalid_limit'],
    ['"channel":"orders","client":"short"', 'invalid_client'],
    ['"channel":"orders","client":true', 'bad_message'],
  ])('with %s is refused: %s', (fields, code) => {
    expect(codeOf(() => parseSubscribe(subscribe(fields)))).toBe(code)
  })

  it('takes the newest 0 to 1000', () => {
    for (const last of [0, 1, limits.historyEvents]) expect(parseLast(last)).toBe(last)
    for (const last of [Number.NaN, -1, 0.5, limits.historyEvents + 1]) {
      expect(codeOf(() => parseLast(last))).toBe('invalid_limit')
    }
  })
})

describe('an unsubscribe and an auth', () => {
  it('name a channel, a token', () => {
    expect(parseUnsubscribe(split('{"op":"unsubscribe","ref":1,"channel":"chat/7"}'))).toBe('chat/7')
    expect(parseAuth(split('{"op":"auth","ref":1,"token":"a.b.c"}'))).toBe('a.b.c')
  })

  it('are refused without one', () => {
    expect(codeOf(() => parseUnsubscribe(split('{"op":"unsubscribe","ref":1}')))).toBe('invalid_channel')
    expect(codeOf(() => parseAuth(split('{"op":"auth","ref":1}')))).toBe('bad_message')
    expect(codeOf(() => parseAuth(split('{"op":"auth","ref":1,"token":{}}')))).toBe('bad_message')
  })
})

describe('a send', () => {
  it('has every field', () => {
    const fields =
      '"channel":"chat/7","event":"say","data":{"text":"hi"},"key":"k-1","after":"k3f9.42","tag":"AAPL","batch":4'
    expect(parseSend(send(fields))).toEqual({
      channel: 'chat/7',
      event: 'say',
      payload: '{"text":"hi"}',
      key: 'k-1',
      after: { epoch: 'k3f9', offset: 42 },
      tag: 'AAPL',
      batch: 4,
    })
  })

  it('needs only a channel and a payload', () => {
    const expected = {
      channel: 'orders',
      event: 'message',
      payload: 'null',
      key: undefined,
      batch: undefined,
    }
    expect(parseSend(send('"channel":"orders","data":null'))).toMatchObject(expected)
    expect(parseSend(send('"data":null'), 'orders')).toMatchObject(expected)
    expect(parseSend(send('"data":null,"key":null,"batch":null,"bytes":null'), 'orders')).toMatchObject(
      expected,
    )
  })

  it.each([
    '1.0',
    '-0',
    '1e400',
    '12345678901234567890123456789',
    '{"b":1,"a":2,"b":3}',
    '"\\u0041\\/"',
    '"}],{[\\"\\\\"',
    '{"a":"\\"}","b":[{"c":"]"}]}',
    '{"op":"auth","ref":9,"channel":"other"}',
    '{"__proto__":{"x":1}}',
    '"\\\\"',
    '"é😀\u2028"',
    'false',
    '""',
    '[]',
  ])('carries %s as it was written', (data) => {
    const spaced = [
      `"data":${data},"channel":"a"`,
      `"channel":"a", "data" :\t${data} `,
      `"channel":"a","data":${data}`,
    ]
    for (const fields of spaced) expect(parseSend(send(fields)).payload).toBe(data)
  })

  it('carries whatever JSON as it was written', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4, stringUnit: 'binary' }), (data) => {
        expect(parseSend(send(`"channel":"a","data":${data},"tag":"x"`)).payload).toBe(data)
      }),
      { numRuns: 300 },
    )
  })

  it('has the line breaks of its data made spaces', () => {
    expect(parseSend(send('"channel":"a","data":{\r\n"x":1\n}')).payload).toBe('{  "x":1 }')
  })

  it('may carry bytes', () => {
    const bytes = Uint8Array.of(0, 1, 2)
    expect(parseSend(send('"channel":"a","bytes":"AAEC"')).payload).toEqual(bytes)
    expect(parseSend(send('"channel":"a","bytes":""')).payload).toEqual(new Uint8Array())
    expect(parseSend(send('"channel":"a"'), undefined, bytes).payload).toBe(bytes)
    expect(parseSend(send('"channel":"a"'), undefined, new Uint8Array()).payload).toEqual(new Uint8Array())
  })

  it.each([
    ['"data":1', 'invalid_channel'],
    ['"channel":"a"', 'bad_message'],
    ['"channel":"a","bytes":null', 'bad_message'],
    ['"channel":"a","data":1,"bytes":"AAEC"', 'bad_message'],
    ['"channel":"a","bytes":"AAE"', 'bad_message'],
    ['"channel":"a","bytes":[0,1]', 'bad_message'],
    ['"channel":"a","data":1,"event":""', 'invalid_event_name'],
    ['"channel":"a","data":1,"event":"$reset"', 'invalid_event_name'],
    ['"channel":"a","data":1,"event":"a\\nb"', 'invalid_event_name'],
    ['"channel":"a","data":1,"event":"\\ud800"', 'invalid_event_name'],
    ['"channel":"a","data":1,"event":5', 'bad_message'],
    ['"channel":"a","data":"\\ud800"', 'invalid_json'],
    [`"channel":"a","data":${'['.repeat(33)}${']'.repeat(33)}`, 'json_too_deep'],
    ['"channel":"a","data":1,"key":""', 'invalid_key'],
    ['"channel":"a","data":1,"key":"a b"', 'invalid_key'],
    ['"channel":"a","data":1,"key":7', 'bad_message'],
    ['"channel":"a","data":1,"after":"latest"', 'invalid_position'],
    ['"channel":"a","data":1,"tag":""', 'invalid_tag'],
    ['"channel":"a","data":1,"batch":"1"', 'bad_message'],
    ['"channel":"a","data":1,"batch":1.5', 'bad_message'],
    ['"channel":"a","data":1,"batch":1e400', 'bad_message'],
  ])('with %s is refused: %s', (fields, code) => {
    expect(codeOf(() => parseSend(send(fields)))).toBe(code)
  })

  it('beside a binary message has neither data nor bytes', () => {
    const bytes = Uint8Array.of(1)
    expect(codeOf(() => parseSend(send('"channel":"a","data":1'), undefined, bytes))).toBe('bad_message')
    expect(codeOf(() => parseSend(send('"channel":"a","bytes":"AAEC"'), undefined, bytes))).toBe(
      'bad_message',
    )
  })

  it('carries at most 256 KiB, text or bytes', () => {
    const text = `"${'x'.repeat(limits.payloadBytes - 2)}"`
    expect(parseSend(send(`"channel":"a","data":${text}`)).payload).toBe(text)
    expect(codeOf(() => parseSend(send(`"channel":"a","data":"x${text.slice(1)}`)))).toBe('payload_too_large')
    const bytes = new Uint8Array(limits.payloadBytes)
    expect(parseSend(send(`"channel":"a","bytes":"${encodeBase64(bytes)}"`)).payload).toEqual(bytes)
    expect(parseSend(send('"channel":"a"'), undefined, bytes).payload).toBe(bytes)
    const tooLarge = new Uint8Array(limits.payloadBytes + 1)
    const encoded = encodeBase64(tooLarge)
    expect(codeOf(() => parseSend(send(`"channel":"a","bytes":"${encoded}"`)))).toBe('payload_too_large')
    expect(codeOf(() => parseSend(send('"channel":"a"'), undefined, tooLarge))).toBe('payload_too_large')
  })

  it('fits one message with its largest payload and its longest names, as text and as bytes', () => {
    const names = {
      op: 'send',
      ref: Number.MIN_SAFE_INTEGER,
      channel: 'c'.repeat(limits.channelBytes),
      event: '\x01'.repeat(limits.eventNameBytes),
      key: 'k'.repeat(limits.keyBytes),
      after: `${'z'.repeat(16)}.${Number.MAX_SAFE_INTEGER}`,
      tag: '\x01'.repeat(limits.tagBytes),
      batch: Number.MIN_SAFE_INTEGER,
    }
    const data = 'x'.repeat(limits.payloadBytes - 2)
    const message = JSON.stringify({ ...names, data })
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(limits.messageBytes)
    expect(parseSend(split(message))).toMatchObject({ payload: `"${data}"`, batch: names.batch })
    const binary = encodeBinaryMessage(JSON.stringify(names), new Uint8Array(limits.payloadBytes))
    expect(binary.length).toBeLessThanOrEqual(limits.messageBytes)
  })
})

describe('a batch', () => {
  const one = (ref: number, more = '') =>
    `{"op":"send","ref":${ref},"channel":"a","data":1.0,"key":"k${ref}"${more}}`

  it('is an array of sends, in order', () => {
    const batch = splitBatch(` [ ${one(1)} , ${one(2)},${one(3)}]`)
    expect(batch.map(({ ref }) => ref)).toEqual([1, 2, 3])
    expect(parseSend(batch[1]!)).toMatchObject({ payload: '1.0', key: 'k2' })
    expect(splitBatch('[]')).toEqual([])
  })

  it('leaves what is wrong inside a message to its own answer', () => {
    const batch = splitBatch(`[${one(1)},{"op":"send","ref":2,"channel":"%"},{"op":"auth","ref":3}]`)
    expect(batch.map(({ op, ref }) => [op, ref])).toEqual([
      ['send', 1],
      ['send', 2],
      ['auth', 3],
    ])
    expect(codeOf(() => parseSend(batch[1]!))).toBe('invalid_channel')
  })

  it('is at most 100', () => {
    const many = (count: number) => `[${Array.from({ length: count }, (_, ref) => one(ref)).join()}]`
    expect(splitBatch(many(100))).toHaveLength(100)
    expect(codeOf(() => splitBatch(many(101)))).toBe('payload_too_large')
  })

  it.each([
    ['', 'invalid_json'],
    [`[${one(1)},]`, 'invalid_json'],
    [`[${one(1)}`, 'invalid_json'],
    [`[${one(1)}][${one(2)}]`, 'invalid_json'],
    ['{}', 'bad_message'],
    ['null', 'bad_message'],
    [one(1), 'bad_message'],
    ['[1]', 'bad_message'],
    ['[null]', 'bad_message'],
    ['[[]]', 'bad_message'],
    [`[${one(1)},{"op":"send","channel":"a","data":1,"key":"k"}]`, 'bad_message'],
    [`[${one(1)},{"op":"publish","ref":2}]`, 'bad_message'],
  ])('%j is none: %s', (text, code) => {
    expect(codeOf(() => splitBatch(text))).toBe(code)
  })
})

describe('any text', () => {
  const name = fc.constantFrom(
    'op',
    'ref',
    'channel',
    'event',
    'data',
    'bytes',
    'key',
    'after',
    'last',
    'tag',
    'batch',
    'token',
  )
  const value = fc.oneof(
    fc.json({ maxDepth: 2, stringUnit: 'binary' }),
    fc.constantFrom(
      '"send"',
      '"subscribe"',
      '"auth"',
      '1',
      '"a"',
      '"k3f9.1"',
      'null',
      '"AAEC"',
      '1e400',
      '"\\ud800"',
    ),
  )
  const object = fc
    .array(fc.tuple(name, value), { maxLength: 10 })
    .map((members) => `{"op":"send","ref":1${members.map(([key, raw]) => `,"${key}":${raw}`).join('')}}`)
  const text = fc.oneof(
    object,
    object.map((json) => `[${json},${json}]`),
    fc.tuple(object, fc.nat()).map(([json, cut]) => json.slice(0, cut % json.length)),
    fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n1au', '"op"', '"ref":1') }),
    fc.string({ unit: 'binary' }),
  )

  it('throws nothing but our errors', () => {
    fc.assert(
      fc.property(text, (text) => {
        codeOf(() => splitBatch(text).map((message) => parseSend(message)))
        for (const parse of [parseSend, parseSubscribe, parseUnsubscribe, parseAuth]) {
          codeOf(() => parse(split(text)))
        }
      }),
      { numRuns: 3000 },
    )
  })
})
