import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exceedsBytes,
  isChannelName,
  isWellFormed,
  parseChannelName,
  parseClientId,
  parseEventName,
  parseKey,
  parseTag,
} from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

const longSegment = 'a'.repeat(255)

describe('a channel name', () => {
  it.each([
    'orders',
    'chat/7',
    'a',
    'A-Z.a_z~0-9',
    '...',
    '.hidden',
    'a..b',
    'a_',
    '~',
    '-',
    'a/b/c/d',
    longSegment,
    `${'a'.repeat(127)}/${'b'.repeat(127)}`,
    Array.from({ length: 128 }, () => 'x').join('/'),
    'open',
    'constructor',
  ])('%s', (name) => {
    expect(isChannelName(name)).toBe(true)
    expect(parseChannelName(name)).toBe(name)
  })

  it.each([
    '',
    '/',
    '/orders',
    'orders/',
    'a//b',
    '.',
    '..',
    'a/.',
    'a/../b',
    './a',
    '_presence',
    '__proto__',
    'a/_b',
    'a%2Fb',
    '%',
    '%00',
    'a b',
    'a\tb',
    'a\nb',
    'orders\n',
    'orders\r',
    '\norders',
    'a\0b',
    'a:b',
    'a,b',
    'a@b',
    'a*',
    '*',
    'a?b',
    'a#b',
    'a\\b',
    '$a',
    'é',
    'ａ',
    'K\u212a',
    '\ud800',
    '\ufeffa',
    `${longSegment}a`,
    `${'a'.repeat(128)}/${'b'.repeat(127)}`,
  ])('%j is none', (name) => {
    expect(isChannelName(name)).toBe(false)
    expect(codeOf(() => parseChannelName(name))).toBe('invalid_channel')
  })

  it('stands in a path and in a query as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0._~-/%:@ é') }), (name) => {
        fc.pre(isChannelName(name))
        expect(new URL(`http://localhost/live/${name}`).pathname).toBe(`/live/${name}`)
        expect(new URL(`http://localhost/live?channel=${name}`).searchParams.get('channel')).toBe(name)
      }),
    )
  })
})

describe('an event name', () => {
  it.each([
    'message',
    'new_order',
    'a b',
    ' ',
    'a$',
    'opened',
    'Open',
    'ERROR',
    'chat/7:say',
    'é€😀',
    '\t',
    '\u2028',
    '\ufeff',
    'constructor',
    'x'.repeat(128),
    'é'.repeat(64),
    '😀'.repeat(32),
    '€'.repeat(42),
  ])('%j', (name) => {
    expect(parseEventName(name)).toBe(name)
  })

  it.each([
    '',
    'open',
    'error',
    '$',
    '$reset',
    '$heartbeat',
    'a\nb',
    'a\rb',
    'a\r\ndata: injected',
    'a\n',
    '\n',
    'a\0',
    '\0',
    '\ud800',
    'a\udc00',
    '\udc00\ud800',
    'x'.repeat(129),
    'é'.repeat(65),
    '😀'.repeat(33),
    '€'.repeat(43),
  ])('%j is none', (name) => {
    expect(codeOf(() => parseEventName(name))).toBe('invalid_event_name')
  })
})

describe('a client id, a key, a tag', () => {
  it.each(['abcdefgh', 'a'.repeat(64), 'A-Z_a-z09'])('%s is a client id', (id) => {
    expect(parseClientId(id)).toBe(id)
  })

  it.each(['', 'abcdefg', 'a'.repeat(65), 'abcdefg.', 'abcdefgh\n', 'abcdefgé', 'abcd efgh'])(
    '%j is no client id',
    (id) => {
      expect(codeOf(() => parseClientId(id))).toBe('invalid_client')
    },
  )

  it.each(['a', 'a'.repeat(64), '0190c2d4-7f3e-7a_b'])('%s is a key', (key) => {
    expect(parseKey(key)).toBe(key)
  })

  it.each(['', 'a'.repeat(65), 'a.b', 'a\n', 'a, b', 'é'])('%j is no key', (key) => {
    expect(codeOf(() => parseKey(key))).toBe('invalid_key')
  })

  it.each(['a', 'é'.repeat(32), 'x'.repeat(64), 'AAPL:US', ' '])('%j is a tag', (tag) => {
    expect(parseTag(tag)).toBe(tag)
  })

  it.each(['', 'é'.repeat(33), 'x'.repeat(65), 'a\nb', 'a\rb', 'a\0', '\ud800'])('%j is no tag', (tag) => {
    expect(codeOf(() => parseTag(tag))).toBe('invalid_tag')
  })
})

describe('measuring text', () => {
  it('counts bytes of UTF-8, not characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(60), (text, limit) => {
        expect(exceedsBytes(text, limit)).toBe(Buffer.byteLength(text) > limit)
      }),
    )
  })

  it('knows half of a surrogate pair', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\ud83d', '\ude00', 'a', '\uffff', '\ud7ff', '\ue000')),
        (units) => {
          const text = units.join('')
          const halves = [...text].filter((point) => /^[\ud800-\udfff]$/.test(point))
          expect(isWellFormed(text)).toBe(halves.length === 0)
        },
      ),
    )
  })
})
