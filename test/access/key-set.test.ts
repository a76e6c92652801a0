import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tokens } from '../../src/access/tokens.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { ec, invalid, otherRsa, part, pem, refusal, rsa, secret, sign, startMs } from './signing.ts'

const unavailable = 'unavailable: The keys that tokens are verified with cannot be fetched now.'
const url = 'https://id.example/jwks'

type Pair = typeof rsa

function jwk({ publicKey }: Pair, more: Record<string, unknown>): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), ...more }
}

/** A provider whose answer can be changed, and who counts. */
function provider(...keys: unknown[]) {
  const clock = simulatedClock({ start: startMs })
  const failures: string[] = []
  const state = { keys, answer: undefined as (() => Promise<Response>) | undefined }
  const asked = vi.fn<typeof fetch>(async () => state.answer?.() ?? Response.json({ keys: state.keys }))
  const verifier = tokens({
    keys: [{ jwks: url, algs: ['RS256', 'ES256'] }],
    clock,
    fetch: asked,
    onError: ({ message }) => failures.push(message),
  })
  return { clock, failures, state, asked, verify: (token: string) => refusal(verifier.verify(token)) }
}

const byOld = () => sign('RS256', rsa.privateKey, {}, { kid: 'old' })
const byNew = (sub = 'ada') => sign('RS256', otherRsa.privateKey, { sub }, { kid: 'new' })

describe('a provider’s keys', () => {
  it('are fetched once, by the first token', async () => {
    const { asked, verify } = provider(jwk(rsa, { kid: 'old', alg: 'RS256', use: 'sig' }))
    const all = await Promise.all(Array.from({ length: 50 }, async () => verify(await byOld())))
    expect(new Set(all)).toEqual(new Set(['accepted']))
    expect(asked).toHaveBeenCalledTimes(1)
    expect(asked.mock.calls[0]).toMatchObject([url, { redirect: 'error' }])
  })

  it('are fetched again when a token names one that is not there', async () => {
    const { asked, clock, state, verify } = provider(jwk(rsa, { kid: 'old' }))
    expect(await verify(await byOld())).toBe('accepted')
    state.keys.push(jwk(otherRsa, { kid: 'new' }))
    clock.advance(30_000)
    const many = Array.from({ length: 20 }, async (_, i) => verify(await byNew(`u${i}`)))
    expect(new Set(await Promise.all(many))).toEqual(new Set(['accepted']))
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('are not asked for more than twice a minute, whatever is made up', async () => {
    const { asked, clock, verify } = provider(jwk(rsa, { kid: 'old' }))
    expect(await verify(await byOld())).toBe('accepted')
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 20; i++) {
        const token = `${part({ alg: 'RS256', kid: `k${second}-${i}` })}.${part({})}.AAAA`
        expect(await verify(token)).toBe(invalid)
      }
      clock.advance(1_000)
    }
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3)
    expect(await verify(await byOld())).toBe('accepted')
  })

  it('that are withdrawn count for ten minutes at most, verified tokens included', async () => {
    const { clock, state, verify, asked } = provider(jwk(rsa, { kid: 'old' }))
    const [token, other] = [
      await byOld(),
      await sign('RS256', rsa.privateKey, { sub: 'bob' }, { kid: 'old' }),
    ]
    expect(await verify(token)).toBe('accepted')
    state.keys = [jwk(otherRsa, { kid: 'new' })]
    clock.advance(600_000)
    await verify(other)
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2))
    await vi.waitFor(async () => expect(await verify(token)).toBe(invalid))
    expect(await verify(await byNew())).toBe('accepted')
  })

  it('are used for an hour while the provider cannot be reached', async () => {
    const { clock, failures, state, verify } = provider(jwk(rsa, { kid: 'old' }))
    const token = (sub: string) => sign('RS256', rsa.privateKey, { sub, exp: startMs }, { kid: 'old' })
    expect(await verify(await token('a'))).toBe('accepted')
    state.answer = () => Promise.reject(new Error('no route to host'))
    clock.advance(59 * 60_000)
    expect(await verify(await token('b'))).toBe('accepted')
    clock.advance(60_000)
    expect(await verify(await token('b'))).toBe(unavailable)
    expect(failures[0]).toBe('The keys at id.example did not come: no route to host')
    state.answer = undefined
    clock.advance(5_000)
    expect(await verify(await token('b'))).toBe('accepted')
  })

  it('that never came are asked for every five seconds, and nobody is called invalid for it', async () => {
    const { asked, clock, state, verify } = provider(jwk(rsa, { kid: 'old' }))
    state.answer = async () => new Response('', { status: 503 })
    for (let second = 0; second < 20; second++) {
      expect(await verify(await byOld())).toBe(unavailable)
      clock.advance(1_000)
    }
    expect(asked.mock.calls.length).toBeLessThanOrEqual(5)
    state.answer = undefined
    clock.advance(5_000)
    expect(await verify(await byOld())).toBe('accepted')
  })

  it('are waited for five seconds', async () => {
    const { asked, clock, failures, state, verify } = provider()
    state.answer = () => new Promise(() => {})
    const waiting = verify(await byOld())
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0))
    clock.advance(5_000)
    expect(await waiting).toBe(unavailable)
    expect(failures).toEqual(['The keys at id.example did not come: no answer within 5 s'])
    expect(asked.mock.calls[0]![1]!.signal!.aborted).toBe(true)
  })

  const sets: readonly (readonly [name: string, keys: unknown[], outcome: string])[] = [
    ['one key, without a name', [jwk(rsa, {})], invalid],
    ['a key of another name', [jwk(rsa, { kid: 'new' })], invalid],
    ['two keys of one name', [jwk(rsa, { kid: 'old' }), jwk(otherRsa, { kid: 'old' })], invalid],
    [
      'two keys of one name for two algorithms',
      [jwk(rsa, { kid: 'old' }), jwk(ec, { kid: 'old' })],
      'accepted',
    ],
    ['a key for another algorithm', [jwk(rsa, { kid: 'old', alg: 'PS256' })], invalid],
    ['a key for encryption', [jwk(rsa, { kid: 'old', use: 'enc' })], invalid],
    ['a key that may only sign', [jwk(rsa, { kid: 'old', key_ops: ['sign'] })], invalid],
    ['a private key', [{ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'old' }], invalid],
    [
      'a secret',
      [{ kty: 'oct', k: Buffer.from(pem(rsa.publicKey)).toString('base64url'), kid: 'old' }],
      invalid,
    ],
    ['another key by that name', [jwk(otherRsa, { kid: 'old' })], invalid],
    ['no keys', [], invalid],
    ['what is no key', [null], unavailable],
    ['too many keys', Array.from({ length: 101 }, (_, i) => jwk(rsa, { kid: `k${i}` })), unavailable],
  ]

  it.each(sets)('with %s', async (_, keys, outcome) => {
    expect(await provider(...keys).verify(await byOld())).toBe(outcome)
  })

  it('do not believe other algorithms than those configured, nor ask for their sake', async () => {
    const { asked, verify } = provider(jwk(rsa, { kid: 'old' }))
    for (const token of [
      await sign('RS512', rsa.privateKey, {}, { kid: 'old' }),
      await sign('HS256', secret, {}, { kid: 'old' }),
      await sign('HS256', Buffer.from(pem(rsa.publicKey)), {}, { kid: 'old' }),
    ])
      expect(await verify(token)).toBe(invalid)
    expect(asked).not.toHaveBeenCalled()
  })

  it('of two providers are kept apart, and one’s trouble is not the other’s', async () => {
    const clock = simulatedClock({ start: startMs })
    const sets: Record<string, unknown> = { a: jwk(rsa, { kid: '1' }), b: jwk(otherRsa, { kid: '1' }) }
    let down = ''
    const verifier = tokens({
      keys: ['a', 'b'].map((name) => ({ jwks: `https://${name}.example/`, algs: ['RS256'], issuer: name })),
      clock,
      fetch: async (url) => {
        const name = new URL(String(url)).hostname[0]!
        if (name === down) throw new Error('down')
        return Response.json({ keys: [sets[name]] })
      },
    })
    const from = async (key: Pair, iss: string, sub = iss) =>
      refusal(verifier.verify(await sign('RS256', key.privateKey, { iss, sub }, { kid: '1' })))
    down = 'a'
    expect([await from(otherRsa, 'b'), await from(rsa, 'a')]).toEqual(['accepted', unavailable])
    down = ''
    clock.advance(5_000)
    expect([await from(rsa, 'a'), await from(otherRsa, 'b')]).toEqual(['accepted', 'accepted'])
    expect([await from(rsa, 'b'), await from(otherRsa, 'a')]).toEqual([invalid, invalid])
  })
})

describe('over the wire', () => {
  let close = () => {}
  afterEach(() => close())

  async function serve(
    answer: (path: string) => { status?: number; headers?: Record<string, string>; body: string },
  ) {
    const paths: string[] = []
    const server = createServer((request, response) => {
      paths.push(request.url!)
      const { status = 200, headers, body } = answer(request.url!)
      response.writeHead(status, headers).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    close = () => {
      server.close()
      server.closeAllConnections()
    }
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    const verifier = tokens({ keys: [{ jwks, algs: ['RS256'] }], clock: simulatedClock({ start: startMs }) })
    return { paths, verify: async () => refusal(verifier.verify(await byOld())) }
  }

  const set = JSON.stringify({ keys: [jwk(rsa, { kid: 'old' })] })

  it('keys are fetched', async () => {
    const { verify } = await serve(() => ({ body: set }))
    expect(await verify()).toBe('accepted')
  })

  it.each([
    ['elsewhere', { status: 302, headers: { location: '/other' }, body: '' }],
    ['as an error', { status: 404, body: set }],
    ['in too many bytes', { body: `${set}${' '.repeat(300_000)}` }],
    ['as no JSON', { body: '<html>' }],
    ['as no set', { body: '[]' }],
  ])('keys that are %s are not believed', async (_, answer) => {
    const { paths, verify } = await serve((path) => (path === '/jwks' ? answer : { body: set }))
    expect(await verify()).toBe(unavailable)
    expect(paths).toEqual(['/jwks'])
  })
})
