import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPosition, limits, parseAfter, parsePosition } from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

const epochUnit = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789')
const epoch = fc.string({ unit: epochUnit, minLength: 1, maxLength: 16 })
const offset = fc.oneof(fc.maxSafeNat(), fc.nat(10), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER))

describe('a position', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(epoch, offset, (epoch, offset) => {
        const text = formatPosition(epoch, offset)
        expect(parsePosition(text)).toEqual({ epoch, offset })
        expect(parseAfter(text)).toEqual({ epoch, offset })
      }),
    )
  })

  it('may travel as Last-Event-ID without a preflight', () => {
    const longest = formatPosition('z'.repeat(16), Number.MAX_SAFE_INTEGER)
    expect(longest.length).toBeLessThanOrEqual(limits.positionBytes)
    expect(longest).toMatch(/^[a-z0-9.]+$/)
  })

  it.each([
    ['k3f9.0', 'k3f9', 0],
    ['0.9007199254740991', '0', 2 ** 53 - 1],
    ['abcdefghijklmnop.1', 'abcdefghijklmnop', 1],
  ])('%s', (text, epoch, offset) => {
    expect(parsePosition(text)).toEqual({ epoch, offset })
  })

  it.each([
    '',
    '.',
    'k3f9',
    'k3f9.',
    '.42',
    '42',
    'k3f9.-1',
    'k3f9.+1',
    'k3f9.042',
    'k3f9.00',
    'k3f9.4.2',
    'k3f9.4e2',
    'k3f9.0x1',
    'k3f9.1.0',
    'k3f9.NaN',
    'k3f9.9007199254740992',
    'k3f9.9007199254740993',
    'k3f9.99999999999999999999',
    'K3F9.42',
    'k-3.42',
    'k_3.42',
    'abcdefghijklmnopq.1',
    ' k3f9.42',
    'k3f9.42 ',
    'k3f9.42\n',
    'k3f9.42\r\n',
    'k3f9:42',
    'k3f9.٤٢',
    'k3f9.42, k3f9.43',
    'k3f9.42,k3f9.42',
    'k3f9.42\0',
    'ﬀ.1',
    `${'a'.repeat(200)}.1`,
    `a.${'0'.repeat(200)}`,
    'undefined',
    'null',
  ])('%j is none', (text) => {
    expect(codeOf(() => parsePosition(text))).toBe('invalid_position')
    expect(codeOf(() => parseAfter(text))).toBe('invalid_position')
  })

  it('is hardly ever any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['invalid_position', undefined]).toContain(codeOf(() => parsePosition(text)))
      }),
    )
  })
})

describe('where reading starts', () => {
  it('may be one of the two ends', () => {
    expect(parseAfter('earliest')).toBe('earliest')
    expect(parseAfter('latest')).toBe('latest')
  })

  it.each(['Earliest', 'LATEST', 'latest ', 'newest', 'earliest.0x'])('%j is none', (text) => {
    expect(codeOf(() => parseAfter(text))).toBe('invalid_position')
  })

  it('is not an end where a position is asked for', () => {
    expect(codeOf(() => parsePosition('earliest'))).toBe('invalid_position')
    expect(codeOf(() => parsePosition('latest'))).toBe('invalid_position')
  })
})
