import { createHash } from 'node:crypto'
import type { Clock } from '../hub/clock.ts'
import type { TokenClaims } from './token-claims.ts'

interface Verified {
  readonly claims: TokenClaims
  readonly until: number
}

/**
 * Tokens whose signatures were checked, by the hash of their bytes: after a restart of a proxy everyone comes back with
 * the token of before. Only good tokens are kept, so nobody can push them out without holding as many of their own.
 */
export class VerifiedTokens {
  readonly #clock: Clock
  readonly #limit: number
  readonly #verified = new Map<string, Verified>()
  readonly #pending = new Map<string, Promise<TokenClaims>>()
  #era = 0

  constructor(clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
  }

  /** How many are kept. */
  get size(): number {
    return this.#verified.size
  }

  /** What was found of this token before, or what `verify` finds now: once, however many ask at a time. */
  async find(token: string, leewayMs: number, verify: () => Promise<TokenClaims>): Promise<TokenClaims> {
    const key = createHash('sha256').update(token).digest('base64')
    const known = this.#verified.get(key)
    if (known && this.#clock.now() < known.until) return known.claims
    this.#verified.delete(key)
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const era = this.#era
    const verifying = verify()
    this.#pending.set(key, verifying)
    try {
      const claims = await verifying
      if (era === this.#era) this.#keep(key, { claims, until: claims.expiresAt + leewayMs })
      return claims
    } finally {
      if (this.#pending.get(key) === verifying) this.#pending.delete(key)
    }
  }

  /** Everything is verified anew. */
  clear(): void {
    this.#era++
    this.#verified.clear()
    this.#pending.clear()
  }

  #keep(key: string, verified: Verified): void {
    if (this.#limit === 0) return
    if (this.#verified.size >= this.#limit) {
      const [oldest] = this.#verified.keys()
      this.#verified.delete(oldest!)
    }
    this.#verified.set(key, verified)
  }
}
