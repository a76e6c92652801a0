import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSecret } from '../../src/access/secret.ts'

const use = { option: 'keys[0].secret', bits: 256 }

const weak: readonly (readonly [name: string, secret: string | Uint8Array, fault: RegExp])[] = [
  ['nothing', '', /0 bits/],
  ['a word', 'secret', /48 bits/],
  ['31 bytes', randomBytes(31), /248 bits/],
  ['128 bits as hexadecimal', randomBytes(16).toString('hex'), /128 bits/],
  ['the key of jwt.io', 'your-256-bit-secret', /bits/],
  ['the newer key of jwt.io', 'a-string-secret-at-least-256-bits-long', /everyone knows/],
  ['a template', 'CHANGE_ME-CHANGE_ME-CHANGE_ME-CHANGE', /everyone knows/],
  ['a tutorial', 'super-secret-jwt-token-with-at-least-32-characters-long', /everyone knows/],
  ['express', 'keyboard cat keyboard cat keyboard', /everyone knows/],
  ['base64 of a word', Buffer.from('my very own super secret key for all').toString('base64'), /everyone/],
  ['hexadecimal of a word', Buffer.from('this password is long, and no good').toString('hex'), /everyone/],
  [
    'RFC 7515',
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    /every/,
  ],
  ['RFC 7520, decoded', Buffer.from('hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg', 'base64url'), /everyone/],
  ['zeros', new Uint8Array(32), /pattern/],
  ['one letter', 'x'.repeat(64), /pattern/],
  ['a piece repeated', 'k9!Qz3&w'.repeat(5), /pattern/],
  ['a piece repeated one and a half times over', 'abcQWE!§1r9'.repeat(4).slice(0, 37), /pattern/],
  ['the alphabet', 'abcdefghijklmnopqrstuvwxyz0123456789', /pattern/],
  ['counting', Uint8Array.from({ length: 32 }, (_, i) => i), /pattern/],
  ['counting down by three', Uint8Array.from({ length: 32 }, (_, i) => 200 - 3 * i), /pattern/],
  ['a public key', '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----', /PEM/],
  ['a line of a file', `${randomBytes(32).toString('base64')}\n`, /white space/],
  ['no secret at all', undefined as unknown as string, /text or bytes/],
]

describe('a secret', () => {
  it.each(weak)('is refused when it is %s', (_, secret, fault) => {
    let message = ''
    try {
      parseSecret(secret, use)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      message = (error as Error).message
    }
    expect(message).toMatch(fault)
    expect(message).toContain('keys[0].secret')
    expect(message).toContain('openssl rand -base64 32')
    if (typeof secret === 'string' && secret.length > 6) expect(message).not.toContain(secret)
  })

  it('is taken when it is random, in every form', () => {
    for (let i = 0; i < 2_000; i++) {
      const bytes = randomBytes(32)
      for (const secret of [
        bytes,
        ...(['hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form)),
      ])
        expect(parseSecret(secret, use).toString()).toBe(Buffer.from(secret as string).toString())
    }
  })

  it('is as long as its hash', () => {
    expect(() => parseSecret(randomBytes(32), { ...use, bits: 512 })).toThrow(/512.*base64 64/)
    expect(parseSecret(randomBytes(64), { ...use, bits: 512 })).toHaveLength(64)
  })

  it('is refused when it repeats any piece at least twice', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 24 }),
        fc.integer({ min: 2, max: 8 }),
        (piece, times) => {
          const bytes = Buffer.concat(
            Array.from({ length: times + Math.ceil(32 / piece.length) }, () => piece),
          )
          expect(() => parseSecret(bytes, use)).toThrow(TypeError)
        },
      ),
    )
  })
})
