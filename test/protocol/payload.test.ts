import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  limits,
  type Payload,
  parseBytesPayload,
  parseJsonPayload,
  payloadSize,
  toPayload,
} from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth)

describe('JSON text', () => {
  it.each([
    '1.0',
    '-0',
    '-0.0e+10',
    '1e400',
    '12345678901234567890.123456789012345678901',
    '{"b":1,"a":2,"b":3}',
    '"\\u0041\\/\\n"',
    '{"__proto__":{"x":1}}',
    '"é€😀\\ud83d\\ude00"',
    '"\u2028\u2029\u0085"',
    'null',
    ' {"a" : [ ] }\t',
    '"{[}]\\"{[{["',
    '""',
  ])('%s is carried as it is', (text) => {
    expect(parseJsonPayload(text)).toBe(text)
  })

  it('is carried as it is, whatever it says', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5, stringUnit: 'binary' }), (text) => {
        expect(parseJsonPayload(text)).toBe(text)
      }),
    )
  })

  it('has spaces where line breaks were, and the same length and value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
        fc.constantFrom('\n', '\r', '\r\n'),
        (value, lineBreak) => {
          const text = JSON.stringify(value, null, 1).replaceAll('\n', lineBreak)
          const carried = parseJsonPayload(`${lineBreak}${text}${lineBreak}`)
          expect(carried).not.toMatch(/[\r\n]/)
          expect(carried).toHaveLength(text.length + 2 * lineBreak.length)
          expect(JSON.parse(carried)).toEqual(JSON.parse(text))
        },
      ),
    )
  })

  it('keeps an escaped line break inside a string', () => {
    expect(parseJsonPayload('{"a":\r\n"x\\r\\ny"}')).toBe('{"a":  "x\\r\\ny"}')
  })

  it.each([
    '',
    ' ',
    '{',
    '}',
    '[1,]',
    "{'a':1}",
    'undefined',
    'NaN',
    'Infinity',
    '01',
    '1.',
    '"a',
    '"\n"',
    '"\0"',
    '\ufeff1',
    '1 2',
    '"\\x"',
    '{"a":1}{"b":2}',
    '\u00a01',
    '// 1',
    ']'.repeat(40),
    '"\\',
    '"\\\\\\',
  ])('%j is not', (text) => {
    expect(codeOf(() => parseJsonPayload(text))).toBe('invalid_json')
  })

  it('throws nothing but its own errors, and agrees with JSON.parse', () => {
    const unit = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '1',
      'e',
      'a',
      ' ',
      '\n',
      '\\u',
      'd800',
      'null',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
        const code = codeOf(() => parseJsonPayload(text))
        const parses = codeOfParse(text)
        if (!parses) expect(code).toBe('invalid_json')
        if (code === undefined) expect(parses).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

function codeOfParse(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('depth', () => {
  it.each([
    nested(32),
    nested(32, '{"a":', '}').replace('{"a":}', '{}'),
    `[${nested(31)},${nested(31)}]`,
    JSON.stringify('['.repeat(100)),
    JSON.stringify({ ['{{{{'.repeat(20)]: '"[[[['.repeat(20) }),
    '"\\\\"',
  ])('%s is deep enough for no one', (text) => {
    expect(parseJsonPayload(text)).toBe(text)
  })

  it.each([nested(33), `{"a":${nested(32)}}`, `[1,"]",${nested(32)}]`, `["\\"]",${nested(32)}]`])(
    '%s is too deep',
    (text) => {
      expect(codeOf(() => parseJsonPayload(text))).toBe('json_too_deep')
    },
  )

  it('a text of nothing but brackets costs no stack', () => {
    expect(codeOf(() => parseJsonPayload('['.repeat(limits.payloadBytes)))).toBe('json_too_deep')
    expect(codeOf(() => parseJsonPayload('{"a":'.repeat(50_000)))).toBe('json_too_deep')
  })
})

describe('surrogates', () => {
  it.each([
    '"\\ud83d\\ude00"',
    '"\\uD83D\\uDE00\\uD83D\\uDE00"',
    '"😀"',
    '"\\\\ud800"',
    '"\\\\\\\\ud800"',
    '"\\\\\\\\udc00"',
    '"\\n\\ud83d\\ude00\\n"',
    '"\\uffff\\ud7ff\\ue000"',
    '{"\\ud83d\\ude00":1}',
    '"ud800"',
  ])('%s is whole', (text) => {
    expect(parseJsonPayload(text)).toBe(text)
  })

  it.each([
    '"\ud83d"',
    '"\ude00"',
    '"\ude00\ud83d"',
    '"\\ud83d"',
    '"\\ude00"',
    '"\\uDE00\\uD83D"',
    '"\\ud83d\\ud83d\\ude00"',
    '"\\ud83d\\ude00\\ude00"',
    '"\\ud83dx\\ude00"',
    '"\\ud83d\\n\\ude00"',
    '"\\\\\\ud83d"',
    '["\\ud83d","\\ude00"]',
    '"\ud83d\\ude00"',
    '"\\ud83d\ude00"',
    '{"\\udfff":1}',
    '"\\uDBFF"',
    '"\\uDC00"',
  ])('%j holds half a pair', (text) => {
    expect(codeOf(() => parseJsonPayload(text))).toBe('invalid_json')
  })

  it('are judged as JSON.parse reads them', () => {
    const unit = fc.constantFrom(
      '\\ud83d',
      '\\ude00',
      '\\\\',
      '\\n',
      'ud83d',
      'x',
      '\\u0041',
      '😀',
      '\\uDBFF',
      '\\uDC00',
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
        const text = `"${units.join('')}"`
        const wellFormed = !/\p{Cs}/u.test(JSON.parse(text) as string)
        expect(codeOf(() => parseJsonPayload(text))).toBe(wellFormed ? undefined : 'invalid_json')
      }),
      { numRuns: 1000 },
    )
  })
})

describe('size', () => {
  const quoted = (inside: string) => `"${inside}"`

  it.each([
    ['letters', quoted('x'.repeat(limits.payloadBytes - 2))],
    ['two bytes each', quoted('é'.repeat(limits.payloadBytes / 2 - 1))],
    ['three bytes each', quoted(`${'€'.repeat((limits.payloadBytes - 4) / 3)}xx`)],
    ['four bytes each', quoted(`${'😀'.repeat(limits.payloadBytes / 4 - 1)}xx`)],
  ])('256 KiB of %s fit, one byte more does not', (_name, text) => {
    expect(Buffer.byteLength(text)).toBe(limits.payloadBytes)
    expect(parseJsonPayload(text)).toBe(text)
    expect(codeOf(() => parseJsonPayload(`${text} `))).toBe('payload_too_large')
  })

  it('is the same for bytes', () => {
    const bytes = new Uint8Array(limits.payloadBytes)
    expect(parseBytesPayload(bytes)).toBe(bytes)
    expect(codeOf(() => parseBytesPayload(new Uint8Array(limits.payloadBytes + 1)))).toBe('payload_too_large')
    expect(codeOf(() => toPayload(new Uint8Array(limits.payloadBytes + 1)))).toBe('payload_too_large')
  })

  it('is measured in bytes or characters', () => {
    expect(payloadSize('{"a":1}')).toBe(7)
    expect(payloadSize(new Uint8Array(5))).toBe(5)
  })

  it('a text of nothing but escapes costs no square', () => {
    const backslashes = `"${'\\\\'.repeat(limits.payloadBytes / 2 - 1)}"`
    expect(parseJsonPayload(backslashes)).toBe(backslashes)
    const quotes = `"${'\\"'.repeat(limits.payloadBytes / 2 - 1)}"`
    expect(parseJsonPayload(quotes)).toBe(quotes)
    const pairs = `"${'\\ud83d\\ude00'.repeat(limits.payloadBytes / 12 - 1)}"`
    expect(parseJsonPayload(pairs)).toBe(pairs)
    expect(codeOf(() => parseJsonPayload(`"${'\\'.repeat(limits.payloadBytes - 1)}`))).toBe('invalid_json')
  })
})

describe("an application's value", () => {
  it.each([
    [{ id: 123, total: 45.99 }, '{"id":123,"total":45.99}'],
    ['a\nb', '"a\\nb"'],
    [null, 'null'],
    [[undefined], '[null]'],
    [Number.NaN, 'null'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['', '""'],
    [false, 'false'],
  ])('%j is written as JSON', (value, text) => {
    expect(toPayload(value)).toBe(text)
  })

  it('bytes stay bytes, and are a copy: what the caller does with its own changes nothing', () => {
    const own = Uint8Array.of(1, 2, 3)
    const payload = toPayload(own)
    own[0] = 9
    expect(payload).toEqual(Uint8Array.of(1, 2, 3))
  })

  it.each<[string, unknown]>([
    ['a Buffer', Buffer.from([1, 2, 3])],
    ['a part of an array', Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4)],
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
    ['another view', new DataView(Uint8Array.of(0, 1, 2, 3).buffer, 1)],
    ['a clamped array', Uint8ClampedArray.of(1, 2, 3)],
  ])('%s is bytes', (_name, value) => {
    const payload = toPayload(value)
    expect(payload).toBeInstanceOf(Uint8Array)
    expect([...(payload as Uint8Array)]).toEqual([1, 2, 3])
    expect(Object.getPrototypeOf(payload)).toBe(Uint8Array.prototype)
  })

  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a cycle', cyclic],
    ['half a surrogate pair', '\ud800'],
    ['half a pair in a key', { '\udc00': 1 }],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('no')
        },
      },
    ],
  ])('%s is refused', (_name, value) => {
    expect(codeOf(() => toPayload(value))).toBe('invalid_json')
  })

  it('is refused when it is too deep or too large', () => {
    expect(codeOf(() => toPayload(JSON.parse(nested(33))))).toBe('json_too_deep')
    expect(codeOf(() => toPayload('x'.repeat(limits.payloadBytes)))).toBe('payload_too_large')
  })

  it('is what a reader parses', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => {
        const payload: Payload = toPayload(value)
        expect(JSON.parse(payload as string)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
