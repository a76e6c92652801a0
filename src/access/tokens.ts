import type { JWTVerifyOptions } from 'jose'
import { type Clock, systemClock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'
import { mayHaveSigned } from './hmac-signature.ts'
import { KeySet, parseKeySetUrl } from './key-set.ts'
import { parseClaims, type TokenClaims } from './token-claims.ts'
import { parseTokenHeader, type TokenHeader } from './token-form.ts'
import {
  assertPublicAlgorithm,
  type FixedKey,
  type KeySetTokenKey,
  parseFixedKey,
  type TokenKey,
} from './token-keys.ts'
import { VerifiedTokens } from './verified-tokens.ts'

type Jose = typeof import('jose')
type Key = Parameters<Jose['jwtVerify']>[1]

/** How far the clocks of signer and server may be apart, in milliseconds. */
export const leewayMs = 30_000

const maxKeys = 16

/** Which tokens a server believes. */
export interface TokensOptions {
  /** The keys that tokens may be signed with, each with its algorithm; several for a rotation. 1 to 16. */
  readonly keys: readonly TokenKey[]
  /** What `iss` has to be; a key's own `issuer` goes before it. @default not looked at */
  readonly issuer?: string
  /** What `aud` has to be, or to contain. @default not looked at */
  readonly audience?: string
  /** How old a token may be, in milliseconds since its `iat`, which it then needs. @default as old as its `exp` lets */
  readonly maxAgeMs?: number
  /** How many verified tokens are remembered; 0 for none. @default 10_000 */
  readonly remembered?: number
  /** @default the machine's own */
  readonly clock?: Clock
  /** Asks for a `jwks`. @default the global fetch */
  readonly fetch?: typeof fetch
  /** Told when a `jwks` could not be fetched. @default nobody */
  readonly onError?: (error: Error) => void
}

/** Verifies tokens. */
export interface Tokens {
  /**
   * What a token says. Throws `invalid_token`, in the same words whatever is wrong with it; `token_expired` when it is only
   * too old; and `unavailable` while the keys of a `jwks` cannot be fetched.
   */
  verify(token: string): Promise<TokenClaims>
  /** Resolves when tokens can be verified; rejects when the package `jose` is not installed. */
  readonly ready: Promise<void>
}

/**
 * Makes the verifier of an application's tokens: JWTs signed by its own backend or an identity provider (RFC 7519, with
 * the rules of RFC 8725). Needs the package `jose`. Throws `TypeError` on keys that are weak or contradict themselves.
 */
export function tokens(options: TokensOptions): Tokens {
  return new TokenVerifier(options)
}

/** A key that a token may have been signed with. */
interface Candidate {
  readonly issuer: string | undefined
  readonly key: Key
}

interface Provider {
  readonly algs: readonly string[]
  readonly issuer: string | undefined
  readonly set: KeySet
}

class TokenVerifier implements Tokens {
  readonly ready: Promise<void>
  readonly #options: TokensOptions
  readonly #clock: Clock
  readonly #fixed: readonly FixedKey[]
  readonly #providers: readonly Provider[]
  readonly #verified: VerifiedTokens
  readonly #jose: Promise<Jose>

  constructor(options: TokensOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#verified = new VerifiedTokens(this.#clock, options.remembered ?? 10_000)
    const { keys } = options
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys)
      throw new TypeError(`keys is a list of 1 to ${maxKeys} keys that tokens may be signed with.`)
    if (!keys.every((key) => typeof key === 'object' && key !== null))
      throw new TypeError("A key is said with its algorithm, such as { alg: 'HS256', secret }.")
    const named = keys.map((key, index) => ({ key, option: `keys[${index}]` }))
    this.#fixed = named.flatMap(({ key, option }) => ('jwks' in key ? [] : parseFixedKey(key, option)))
    assertDistinct(this.#fixed)
    this.#providers = named.flatMap(({ key, option }) => ('jwks' in key ? this.#provider(key, option) : []))
    this.#jose = import('jose').catch((cause) => {
      throw new Error('Tokens are verified by the package jose: npm install jose', { cause })
    })
    this.ready = this.#jose.then(() => {})
    this.ready.catch(() => {}) // Whoever verifies is told.
  }

  #provider({ jwks, algs, issuer }: KeySetTokenKey, option: string): Provider {
    if (!Array.isArray(algs) || algs.length === 0)
      throw new TypeError(`${option}.algs names the algorithms that its tokens may have, such as ['RS256'].`)
    for (const alg of algs) assertPublicAlgorithm(alg, `${option}.algs`)
    const { fetch = globalThis.fetch, onError = () => {} } = this.#options
    const url = parseKeySetUrl(jwks, option)
    const onChange = () => this.#verified.clear()
    return { algs, issuer, set: new KeySet({ url, clock: this.#clock, fetch, onChange, onError }) }
  }

  async verify(token: string): Promise<TokenClaims> {
    const header = typeof token === 'string' ? parseTokenHeader(token) : undefined
    if (!header) throw invalid()
    return this.#verified.find(token, leewayMs, () => this.#verify(token, header))
  }

  /** Throws at once, before anything is awaited, when no key can have signed this. */
  #verify(token: string, header: TokenHeader): Promise<TokenClaims> {
    const named = ({ alg, kid }: FixedKey) =>
      alg === header.alg && (kid === undefined || header.kid === undefined || kid === header.kid)
    const fixed = this.#fixed.filter((key) => named(key) && mayHaveSigned(key, token))
    const providers = this.#providers.filter(({ algs }) => algs.includes(header.alg))
    if (fixed.length === 0 && providers.length === 0) throw invalid()
    return this.#verifyWith(token, header, fixed, providers)
  }

  async #verifyWith(
    token: string,
    header: TokenHeader,
    fixed: readonly FixedKey[],
    providers: readonly Provider[],
  ): Promise<TokenClaims> {
    const jose = await this.#jose
    for (const key of fixed) {
      const claims = await this.#try(jose, token, header.alg, key)
      if (claims) return claims
    }
    const asked: Provider[] = []
    for (const provider of providers) {
      const key = await provider.set.known(jose, header)
      if (key === 'unknown') asked.push(provider)
      const claims =
        key && key !== 'unknown' && (await this.#try(jose, token, header.alg, { ...provider, key }))
      if (claims) return claims
    }
    return this.#askProviders(jose, token, header, asked)
  }

  /** The same with keys that have to be fetched first: last, for one provider's trouble is not the others'. */
  async #askProviders(
    jose: Jose,
    token: string,
    header: TokenHeader,
    providers: readonly Provider[],
  ): Promise<TokenClaims> {
    let trouble = invalid()
    const found = await Promise.allSettled(providers.map(({ set }) => set.find(jose, header)))
    for (const [index, one] of found.entries()) {
      if (one.status === 'rejected') trouble = one.reason
      const key = one.status === 'fulfilled' ? one.value : undefined
      const claims = key && (await this.#try(jose, token, header.alg, { ...providers[index]!, key }))
      if (claims) return claims
    }
    throw trouble
  }

  /** What the token says if this key signed it; `undefined` if it did not. Throws on a signed token that is not good. */
  async #try(jose: Jose, token: string, alg: string, candidate: Candidate): Promise<TokenClaims | undefined> {
    try {
      const { payload } = await jose.jwtVerify(token, candidate.key, this.#demands(alg, candidate.issuer))
      return parseClaims(payload, this.#options.maxAgeMs)
    } catch (error) {
      if (error instanceof jose.errors.JWSSignatureVerificationFailed) return undefined
      const cause = reasonOf(error)
      throw error instanceof jose.errors.JWTExpired ? expired(cause) : invalid(cause)
    }
  }

  #demands(alg: string, ownIssuer: string | undefined): JWTVerifyOptions {
    const { audience, maxAgeMs } = this.#options
    const issuer = ownIssuer ?? this.#options.issuer
    return {
      algorithms: [alg],
      requiredClaims: ['exp'],
      clockTolerance: leewayMs / 1000,
      currentDate: new Date(this.#clock.now()),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      ...(maxAgeMs !== undefined && { maxTokenAge: maxAgeMs / 1000 }),
    }
  }
}

/** Two keys of one name: which of them a token means would depend on their order. */
function assertDistinct(keys: readonly FixedKey[]): void {
  for (const [index, { kid, issuer }] of keys.entries()) {
    const same = (other: FixedKey) => other.kid === kid && other.issuer === issuer
    if (kid !== undefined && keys.slice(0, index).some(same))
      throw new TypeError(`keys: two keys are called ${JSON.stringify(kid)}: give each a kid of its own.`)
  }
}

/** Why a signed token is refused, for whoever makes tokens; what jose throws quotes the claims, and stays out of it. */
function reasonOf(error: unknown): Error {
  const { code, claim, message } = error as { code?: string; claim?: string; message?: string }
  return new Error(code === undefined ? message : [code, claim].join(' ').trim())
}

function invalid(cause?: Error): FairleadError {
  return new FairleadError('invalid_token', 'The token is not valid.', cause && { cause })
}

function expired(cause: Error): FairleadError {
  return new FairleadError('token_expired', 'The token has expired: get a new one.', { cause })
}
