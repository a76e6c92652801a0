import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import type { PublicAlgorithm, TokenKey } from '../../src/access/token-keys.ts'
import { type TokensOptions, tokens } from '../../src/access/tokens.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import {
  ec,
  ed,
  expired,
  invalid,
  makeEc,
  makeRsa,
  otherRsa,
  part,
  pem,
  refusal,
  rsa,
  secret,
  sign,
  start,
  startMs,
} from './signing.ts'

const keys: readonly TokenKey[] = [
  { alg: 'HS256', secret },
  { alg: 'RS256', publicKey: pem(rsa.publicKey), kid: 'r' },
  { alg: 'ES256', publicKey: ec.publicKey.export({ format: 'jwk' }) },
  { alg: 'EdDSA', publicKey: pem(ed.publicKey) },
]

function verifier(options: Partial<TokensOptions> = {}) {
  const clock = simulatedClock({ start: startMs })
  return { clock, tokens: tokens({ keys, clock, ...options }) }
}

describe('a token', () => {
  it.each([
    ['HS256', secret, {}],
    ['RS256', rsa.privateKey, { kid: 'r' }],
    ['RS256', rsa.privateKey, {}],
    ['ES256', ec.privateKey, { typ: 'JWT' }],
    ['EdDSA', ed.privateKey, { typ: 'at+jwt', kid: 'any' }],
  ] as const)('signed with %s is read', async (alg, key, header) => {
    const token = await sign(alg, key, { sub: 'ada', subscribe: ['user/{sub}'], role: 'desk' }, { ...header })
    expect(await verifier().tokens.verify(token)).toEqual({
      sub: 'ada',
      admin: false,
      expiresAt: startMs + 3_600_000,
      subscribe: ['user/ada'],
      send: [],
      presence: [],
      claims: { role: 'desk' },
    })
  })

  const times: readonly [string, Record<string, unknown>, Partial<TokensOptions>, string][] = [
    ['just inside the leeway', { exp: start - 29 }, {}, 'accepted'],
    ['at the end of the leeway', { exp: start - 30 }, {}, expired],
    ['long ended', { exp: start - 86_400 }, {}, expired],
    ['not begun', { nbf: start + 31 }, {}, invalid],
    ['begun but for the leeway', { nbf: start + 30 }, {}, 'accepted'],
    ['without an end', { exp: undefined }, {}, invalid],
    ['older than it may be', { iat: start - 91 }, { maxAgeMs: 60_000 }, expired],
    ['as old as it may be', { iat: start - 60 }, { maxAgeMs: 60_000 }, 'accepted'],
    ['of an unknown age', {}, { maxAgeMs: 60_000 }, invalid],
    ['of the issuer', { iss: 'https://a.example' }, { issuer: 'https://a.example' }, 'accepted'],
    ['of another issuer', { iss: 'https://b.example' }, { issuer: 'https://a.example' }, invalid],
    [
      'of an issuer that begins like it',
      { iss: 'https://a.example.evil' },
      { issuer: 'https://a.example' },
      invalid,
    ],
    ['of no issuer', {}, { issuer: 'https://a.example' }, invalid],
    ['for us and others', { aud: ['x', 'live'] }, { audience: 'live' }, 'accepted'],
    ['for others', { aud: ['x'] }, { audience: 'live' }, invalid],
    ['for no one in particular', {}, { audience: 'live' }, invalid],
    ['with a bad list', { subscribe: ['chat/**'] }, {}, invalid],
    ['with a list that is none', { send: 'chat/*' }, {}, invalid],
    ['with an admin that is none', { admin: 'yes' }, {}, invalid],
  ]

  it.each(times)('%s', async (_, payload, options, outcome) => {
    const token = await sign('HS256', secret, payload)
    expect(await refusal(verifier(options).tokens.verify(token))).toBe(outcome)
  })

  it('that never ends, for its end is not a number that ends, is refused', async () => {
    for (const exp of ['1e999', '9e15', '-1', 'null', '"9999999999"', 'true']) {
      const payload = Buffer.from(`{"sub":"ada","exp":${exp}}`)
      const token = await new CompactSign(payload).setProtectedHeader({ alg: 'HS256' }).sign(secret)
      expect(await refusal(verifier().tokens.verify(token))).toMatch(
        /^(invalid_token: The token is not|token_expired: The token has exp)/,
      )
    }
  })

  it('says in its cause what is wrong, and nothing of its own', async () => {
    const token = await sign('HS256', secret, { sub: 'canary', aud: 'canary', send: ['canary/**'] })
    for (const [options, cause] of [
      [{ audience: 'live' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED aud'],
      [{}, 'The claim send is a list of channel patterns, such as chat/* or user/{sub}.'],
    ] as const) {
      const error: Error = await verifier(options)
        .tokens.verify(token)
        .catch((error) => error)
      expect((error.cause as Error).message).toBe(cause)
      expect(JSON.stringify([error, error.cause, error.stack, (error.cause as Error).stack])).not.toContain(
        'canary',
      )
    }
  })
})

describe('a forged token', () => {
  const now = { sub: 'eve', admin: true, exp: start + 3600 }
  const hmac = (text: string, key: string | Buffer) =>
    createHmac('sha256', key).update(text).digest('base64url')
  const forge = (header: unknown, signature: (text: string) => string = () => 'AA') => {
    const text = `${part(header)}.${part(now)}`
    return `${text}.${signature(text)}`
  }
  const jwk = otherRsa.publicKey.export({ format: 'jwk' })
  const publicPem = pem(rsa.publicKey)
  const publicDer = rsa.publicKey.export({ type: 'spki', format: 'der' })

  const forged: readonly (readonly [name: string, token: string | Promise<string>])[] = [
    ['alg none', `${part({ alg: 'none' })}.${part(now)}.`],
    ['alg none, with a signature', forge({ alg: 'none' })],
    ['alg nOnE', forge({ alg: 'nOnE' })],
    ['alg empty', forge({ alg: '' })],
    ['alg null', forge({ alg: null })],
    ['alg a list', forge({ alg: ['HS256'] })],
    ['alg missing', forge({ typ: 'JWT' })],
    ['alg __proto__', forge({ alg: '__proto__' })],
    ['alg constructor', forge({ alg: 'constructor' })],
    ['alg hs256', forge({ alg: 'hs256' }, (text) => hmac(text, secret))],
    ['the RSA public key as HMAC secret: PEM', forge({ alg: 'HS256' }, (text) => hmac(text, publicPem))],
    ['the same, trimmed', forge({ alg: 'HS256' }, (text) => hmac(text, publicPem.trim()))],
    ['the same, DER', forge({ alg: 'HS256' }, (text) => hmac(text, publicDer))],
    ['the same, named', forge({ alg: 'HS256', kid: 'r' }, (text) => hmac(text, publicPem))],
    ['an HMAC that says RS256', forge({ alg: 'RS256', kid: 'r' }, (text) => hmac(text, secret))],
    ['an empty HMAC key', forge({ alg: 'HS256' }, (text) => hmac(text, ''))],
    ['a key of zeros', forge({ alg: 'HS256' }, (text) => hmac(text, Buffer.alloc(32)))],
    ['HS512 with the key of HS256', sign('HS512', Buffer.concat([secret, secret]), now)],
    ['another RSA key', sign('RS256', otherRsa.privateKey, now)],
    ['another RSA key by our name', sign('RS256', otherRsa.privateKey, now, { kid: 'r' })],
    ['our RSA key by another algorithm', sign('RS384', rsa.privateKey, now)],
    ['our RSA key by PSS', sign('PS256', rsa.privateKey, now)],
    ['an unknown kid', sign('RS256', rsa.privateKey, now, { kid: 'x' })],
    ['a kid that is a path', forge({ alg: 'HS256', kid: '../../dev/null' }, (text) => hmac(text, ''))],
    ['a kid that is no text', forge({ alg: 'HS256', kid: { a: 1 } }, (text) => hmac(text, secret))],
    ['a kid of a thousand letters', sign('HS256', secret, now, { kid: 'k'.repeat(1000) })],
    ['a jwk of its own', sign('RS256', otherRsa.privateKey, now, { jwk })],
    ['a jku', sign('RS256', otherRsa.privateKey, now, { jku: 'https://evil.example/jwks' })],
    ['an x5u', sign('RS256', otherRsa.privateKey, now, { x5u: 'https://evil.example/x5u' })],
    ['an x5c', sign('RS256', otherRsa.privateKey, now, { x5c: ['AA=='] })],
    ['a good signature and a jku', sign('HS256', secret, now, { jku: 'https://evil.example/jwks' })],
    ['a good signature and a jwk', sign('HS256', secret, now, { jwk: {} })],
    [
      'a good signature and crit',
      forge({ alg: 'HS256', crit: ['exp'], exp: 1 }, (text) => hmac(text, secret)),
    ],
    ['a good signature and empty crit', forge({ alg: 'HS256', crit: [] }, (text) => hmac(text, secret))],
    ['a good signature and b64', forge({ alg: 'HS256', b64: true }, (text) => hmac(text, secret))],
    ['a good signature and zip', forge({ alg: 'HS256', zip: 'DEF' }, (text) => hmac(text, secret))],
    ['a token for something else', sign('HS256', secret, now, { typ: 'logout+jwt' })],
    ['a typ that is no text', forge({ alg: 'HS256', typ: 1 }, (text) => hmac(text, secret))],
    ['a header that is a list', forge(['HS256'])],
    ['a header that is null', forge(null)],
    ['a header that is no JSON', `e30x.${part(now)}.AA`],
    ['a header of thousands of brackets', `${Buffer.from('['.repeat(5000)).toString('base64url')}.e30.AA`],
    ['an empty header', `.${part(now)}.AA`],
    ['an encrypted token', `${part({ alg: 'dir', enc: 'A256GCM' })}..AA.AA.AA`],
    ['two parts', `${part({ alg: 'HS256' })}.${part(now)}`],
    ['four parts', `${forge({ alg: 'HS256' })}.AA`],
    ['base64 with padding', `${forge({ alg: 'HS256' })}=`],
    ['white space before it', sign('HS256', secret, now).then((token) => ` ${token}`)],
    ['a line break behind it', sign('HS256', secret, now).then((token) => `${token}\n`)],
    ['another payload under a good signature', replaced(sign('HS256', secret, {}), 1, part(now))],
    [
      'another header under a good signature',
      replaced(sign('HS256', secret, now), 0, part({ alg: 'HS256', x: 1 })),
    ],
    [
      'a payload that is no object',
      new CompactSign(Buffer.from('[1]')).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    ],
    [
      'a payload that is no JSON',
      new CompactSign(Buffer.from('{')).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    ],
    [
      'a payload that is no UTF-8',
      new CompactSign(Buffer.from([0x22, 0xff, 0x22])).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    ],
    ['nothing', ''],
    ['words', 'let me in'],
    ['something else than text', { toString: () => 'x' } as unknown as string],
    ['nothing at all', undefined as unknown as string],
  ]

  it.each(forged)('with %s is refused, and nobody is asked', async (_, token) => {
    const asked = vi.fn<typeof fetch>()
    const { tokens } = verifier({ fetch: asked })
    expect(await refusal(tokens.verify(await token))).toBe(invalid)
    expect(asked).not.toHaveBeenCalled()
  })

  it('of more than 8 KiB is refused before it is parsed, however good', async () => {
    const padded = (length: number) => sign('HS256', secret, { pad: 'x'.repeat(length) })
    const { tokens } = verifier()
    const good = await padded(6000)
    expect(good.length).toBeLessThan(8192)
    expect(await refusal(tokens.verify(good))).toBe('accepted')
    const long = await padded(6200)
    const parse = vi.spyOn(JSON, 'parse')
    expect(await refusal(tokens.verify(long))).toBe(invalid)
    expect(await refusal(tokens.verify('a'.repeat(10_000_000)))).toBe(invalid)
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
  })

  it('is any text but a good token', async () => {
    const good = await sign('HS256', secret, { sub: 'ada' })
    const { tokens } = verifier({ remembered: 0 })
    const changed = fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09_-.=$ '))
      .map(([at, letter]) => good.slice(0, at) + letter + good.slice(at + 1))
      .filter((text) => text.slice(0, -1) !== good.slice(0, -1))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), changed), async (text) => {
        expect(await refusal(tokens.verify(text))).toBe(invalid)
      }),
      { numRuns: 300 },
    )
  })

  it('is looked at only after its signature', async () => {
    const ended = { ...now, exp: 1 }
    const text = `${part({ alg: 'HS256' })}.${part(ended)}`
    const { tokens } = verifier()
    expect(await refusal(tokens.verify(`${text}.${hmac(text, 'x')}`))).toBe(invalid)
    expect(await refusal(tokens.verify(`${text}.${hmac(text, secret as Buffer)}`))).toBe(expired)
  })
})

async function replaced(token: Promise<string>, index: number, text: string): Promise<string> {
  return (await token).split('.').with(index, text).join('.')
}

describe('what was verified', () => {
  it('costs one verification a token, however many come back at a time', async () => {
    const { tokens, clock } = verifier()
    const token = await sign('RS256', rsa.privateKey, { sub: 'ada', exp: start + 60 })
    const verified = vi.spyOn(crypto.subtle, 'verify')
    const storm = await Promise.all(Array.from({ length: 1000 }, () => tokens.verify(token)))
    expect(new Set(storm).size).toBe(1)
    clock.advance(80_000)
    await tokens.verify(token)
    expect(verified).toHaveBeenCalledTimes(1)
    clock.advance(10_000)
    expect(await refusal(tokens.verify(token))).toBe(expired)
    verified.mockRestore()
  })

  it('is bounded, and what was refused is not kept', async () => {
    const { tokens } = verifier({ remembered: 10 })
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) => sign('HS256', secret, { sub: `u${i}` })),
    )
    for (const token of all) expect((await tokens.verify(token)).sub).toMatch(/^u/)
    const verify = vi.spyOn(crypto.subtle, 'verify')
    for (const token of all.slice(20)) await tokens.verify(token)
    expect(verify).not.toHaveBeenCalled()
    await tokens.verify(all[0]!)
    expect(verify).toHaveBeenCalledTimes(1)
    verify.mockRestore()
  })
})

describe('keys', () => {
  const jwk = rsa.publicKey.export({ format: 'jwk' })
  const small = makeRsa(1024)
  const wrong: readonly [string, unknown, RegExp][] = [
    ['none', [], /1 to 16/],
    ['no list', { alg: 'HS256', secret }, /1 to 16/],
    ['too many', Array.from({ length: 17 }, () => ({ alg: 'HS256', secret })), /1 to 16/],
    ['a bare secret', ['bare-canary-of-a-key'], /alg/],
    ['a weak secret', [{ alg: 'HS256', secret: 'secret' }], /keys\[0\]\.secret.*openssl rand -base64 32/],
    ['a short one for HS512', [{ alg: 'HS512', secret }], /256 bits where 512/],
    ['a secret with RS256', [{ alg: 'RS256', secret }], /HS256, HS384 or HS512/],
    ['a public key with HS256', [{ alg: 'HS256', publicKey: pem(rsa.publicKey) }], /HS256/],
    ['a public key as the secret', [{ alg: 'HS256', secret: pem(rsa.publicKey) }], /PEM/],
    ['alg none', [{ alg: 'none', publicKey: pem(rsa.publicKey) }], /none/],
    ['no alg', [{ publicKey: pem(rsa.publicKey) }], /is not one of/],
    [
      'a private key',
      [{ alg: 'RS256', publicKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) }],
      /private/,
    ],
    ['a private JWK', [{ alg: 'RS256', publicKey: rsa.privateKey.export({ format: 'jwk' }) }], /private/],
    ['a secret JWK', [{ alg: 'RS256', publicKey: { kty: 'oct', k: 'AAAA' } }], /private/],
    ['a JWK of another alg', [{ alg: 'RS256', publicKey: { ...jwk, alg: 'PS256' } }], /PS256/],
    ['no key at all', [{ alg: 'RS256', publicKey: 'hello' }], /no public key/],
    ['a key of another kind', [{ alg: 'ES256', publicKey: pem(rsa.publicKey) }], /ec prime256v1/],
    ['another curve', [{ alg: 'ES384', publicKey: pem(ec.publicKey) }], /secp384r1/],
    ['a small RSA key', [{ alg: 'RS256', publicKey: pem(small.publicKey) }], /2048/],
    ['an empty kid', [{ alg: 'HS256', secret, kid: '' }], /kid/],
    [
      'one kid twice',
      [
        { alg: 'HS256', secret, kid: 'a' },
        { alg: 'RS256', publicKey: jwk, kid: 'a' },
      ],
      /called "a"/,
    ],
    ['a set over http', [{ jwks: 'http://id.example/jwks', algs: ['RS256'] }], /https/],
    ['a set in a file', [{ jwks: 'file:///etc/jwks', algs: ['RS256'] }], /https/],
    ['a set with a password', [{ jwks: 'https://me:canary@id.example/jwks', algs: ['RS256'] }], /https/],
    ['a set without algorithms', [{ jwks: 'https://id.example/jwks' }], /algs/],
    ['a set of secrets', [{ jwks: 'https://id.example/jwks', algs: ['HS256'] }], /HS256/],
  ]

  it.each(wrong)('are refused: %s', (_, keys, fault) => {
    let error = new Error('accepted')
    try {
      tokens({ keys: keys as TokenKey[] })
    } catch (thrown) {
      error = thrown as Error
    }
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(fault)
    expect(error.message).not.toContain('canary')
  })

  it('of each algorithm are taken, and believed by no other', async () => {
    const pairs: readonly (readonly [
      PublicAlgorithm,
      { publicKey: typeof rsa.publicKey; privateKey: typeof rsa.privateKey },
    ])[] = [
      ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map((alg) => [alg, rsa] as const),
      ['ES256', ec],
      ['ES384', makeEc('P-384')],
      ['ES512', makeEc('P-521')],
      ['EdDSA', ed],
      ['Ed25519', ed],
    ]
    for (const [alg, { publicKey }] of pairs) {
      const { tokens } = verifier({ keys: [{ alg, publicKey: pem(publicKey) }] })
      for (const [other, { privateKey }] of pairs)
        expect([alg, other, await refusal(tokens.verify(await sign(other, privateKey)))]).toEqual([
          alg,
          other,
          alg === other ? 'accepted' : invalid,
        ])
    }
  })

  it('of two issuers may be called the same, and sign for nobody but their own', async () => {
    const { tokens } = verifier({
      keys: [
        { alg: 'RS256', publicKey: pem(rsa.publicKey), kid: '1', issuer: 'a' },
        { alg: 'RS256', publicKey: pem(otherRsa.publicKey), kid: '1', issuer: 'b' },
      ],
    })
    const from = async (key: typeof rsa, iss: string) =>
      refusal(tokens.verify(await sign('RS256', key.privateKey, { iss }, { kid: '1' })))
    expect([await from(rsa, 'a'), await from(otherRsa, 'b')]).toEqual(['accepted', 'accepted'])
    expect([await from(rsa, 'b'), await from(otherRsa, 'a'), await from(rsa, 'c')]).toEqual([
      invalid,
      invalid,
      invalid,
    ])
  })

  it('old and new are believed during a rotation', async () => {
    const newer = Buffer.from(secret).reverse()
    const { tokens } = verifier({
      keys: [
        { alg: 'HS256', secret: newer },
        { alg: 'HS256', secret },
      ],
    })
    for (const key of [newer, secret])
      expect(await refusal(tokens.verify(await sign('HS256', key)))).toBe('accepted')
  })

  it('can be made ready before the first token', async () => {
    await expect(verifier().tokens.ready).resolves.toBeUndefined()
    expect(await new SignJWT().setProtectedHeader({ alg: 'HS256' }).sign(secret)).toMatch(/^eyJ/)
  })
})
