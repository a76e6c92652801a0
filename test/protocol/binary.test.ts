import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBinaryMessage, encodeBinaryMessage, limits } from '../../src/protocol/index.ts'
import { codeOf } from './error-code.ts'

/** A message with the header length that `length` claims. */
function claiming(length: number, rest: Uint8Array): Uint8Array {
  const message = new Uint8Array(4 + rest.length)
  new DataView(message.buffer).setUint32(0, length)
  message.set(rest, 4)
  return message
}

describe('a binary message', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (envelope, bytes) => {
        expect(decodeBinaryMessage(encodeBinaryMessage(envelope, bytes))).toEqual({ envelope, bytes })
      }),
    )
  })

  it('starts with the length of its header, big-endian', () => {
    expect([...encodeBinaryMessage('é', Uint8Array.of(7))]).toEqual([0, 0, 0, 2, 0xc3, 0xa9, 7])
  })

  it('may be a part of a larger buffer', () => {
    const message = encodeBinaryMessage('{}', Uint8Array.of(7, 8))
    const larger = new Uint8Array(message.length + 10).fill(0xff)
    larger.set(message, 5)
    expect(decodeBinaryMessage(larger.subarray(5, 5 + message.length))).toEqual({
      envelope: '{}',
      bytes: Uint8Array.of(7, 8),
    })
    expect(decodeBinaryMessage(Buffer.from(message)).envelope).toBe('{}')
  })

  it('keeps a BOM, which no JSON text starts with', () => {
    expect(decodeBinaryMessage(encodeBinaryMessage('\ufeff{}', new Uint8Array())).envelope).toBe('\ufeff{}')
  })

  it.each([0, 1, 125, 126, limits.binaryHeaderBytes - 1, limits.binaryHeaderBytes])(
    'a header of %d bytes',
    (length) => {
      const envelope = 'x'.repeat(length)
      expect(decodeBinaryMessage(encodeBinaryMessage(envelope, Uint8Array.of(1)))).toEqual({
        envelope,
        bytes: Uint8Array.of(1),
      })
    },
  )

  it('a header longer than that is neither written nor read', () => {
    const length = limits.binaryHeaderBytes + 1
    expect(codeOf(() => encodeBinaryMessage('x'.repeat(length), new Uint8Array()))).toBe('bad_message')
    expect(
      codeOf(() => encodeBinaryMessage('é'.repeat(limits.binaryHeaderBytes / 2 + 1), new Uint8Array())),
    ).toBe('bad_message')
    expect(codeOf(() => decodeBinaryMessage(claiming(length, new Uint8Array(length).fill(0x20))))).toBe(
      'bad_message',
    )
  })

  it.each([
    ['of no bytes', new Uint8Array()],
    ['of three', Uint8Array.of(0, 0, 0)],
    ['whose header ends outside', claiming(3, Uint8Array.of(0x7b, 0x7d))],
    ['whose header is as long as can be claimed', claiming(2 ** 32 - 1, Uint8Array.of(0x7b, 0x7d))],
    ['whose length looks negative', claiming(2 ** 31, Uint8Array.of(0x7b, 0x7d))],
    ['whose header is not UTF-8', claiming(2, Uint8Array.of(0xc3, 0x28))],
    ['whose header ends inside a character', claiming(1, Uint8Array.of(0xc3, 0xa9))],
    ['whose header holds half a surrogate pair', claiming(3, Uint8Array.of(0xed, 0xa0, 0x80))],
  ])('one %s is refused', (_name, message) => {
    expect(codeOf(() => decodeBinaryMessage(message))).toBe('bad_message')
    expect(decodeBinaryMessage(encodeBinaryMessage('{}', new Uint8Array())).envelope).toBe('{}')
  })

  it('of any bytes throws nothing else', () => {
    const start = fc.constantFrom([], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 16, 0])
    fc.assert(
      fc.property(start, fc.uint8Array(), (head, tail) => {
        expect(['bad_message', undefined]).toContain(
          codeOf(() => decodeBinaryMessage(Uint8Array.from([...head, ...tail]))),
        )
      }),
      { numRuns: 500 },
    )
  })
})
