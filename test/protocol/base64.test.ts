import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decodeBase64, encodeBase64, limits, parseBase64 } from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each([
  ['in Node', () => {}],
  ['where there is no Buffer', () => vi.stubGlobal('Buffer', undefined)],
])('base64 %s', (_place, arrange) => {
  it('is read as it was written', () => {
    arrange()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = parseBase64(encodeBase64(bytes))
        expect(decoded).toEqual(bytes)
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
        expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype)
      }),
    )
  })

  it('is the standard one', () => {
    arrange()
    expect(encodeBase64(Uint8Array.of(0, 1, 2))).toBe('AAEC')
    expect(encodeBase64(Uint8Array.of(0xfb, 0xff))).toBe('+/8=')
    expect(encodeBase64(new Uint8Array())).toBe('')
    expect(parseBase64('')).toEqual(new Uint8Array())
  })

  it('takes a part of a larger buffer', () => {
    arrange()
    expect(encodeBase64(Uint8Array.of(9, 0, 1, 2, 9).subarray(1, 4))).toBe('AAEC')
  })

  it('takes the largest payload', () => {
    arrange()
    const bytes = Uint8Array.from({ length: limits.payloadBytes }, (_, index) => index % 251)
    const text = encodeBase64(bytes)
    expect(text).toHaveLength(Math.ceil(limits.payloadBytes / 3) * 4)
    expect(Array.from(parseBase64(text).subarray(-3))).toEqual(Array.from(bytes.subarray(-3)))
    expect(codeOf(() => parseBase64(`${text.slice(0, -1)}!`))).toBe('bad_message')
  })

  it.each([
    'A',
    'AA',
    'AAA',
    'AAECA',
    'AAE',
    '=',
    '====',
    'A===',
    'AA=A',
    'AA==AAEC',
    'AAEC\n',
    'AA EC',
    '-_8=',
    'AAE*',
    'AAÉC',
    '%3D%3D',
    'AAEC=',
    '\0AAE',
  ])('%j is none', (text) => {
    arrange()
    expect(codeOf(() => parseBase64(text))).toBe('bad_message')
  })
})
