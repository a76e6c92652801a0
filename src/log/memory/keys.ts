import { FairleadError } from '../../protocol/index.ts'
import { type KeyedAppend, rememberMs } from '../keyed-append.ts'
import { Queue } from '../queue.ts'

/** What was answered when a key was first used. */
export interface FirstAnswer {
  readonly offset: number | null
}

interface Remembered extends KeyedAppend, FirstAnswer {
  readonly at: number
}

/** The idempotency keys that a log remembers: bounded in number, the oldest forgotten first when its time is over. */
export class IdempotencyKeys {
  readonly #limit: number
  readonly #byScope = new Map<string, Remembered>()
  readonly #byAge = new Queue<Remembered>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The first answer under this key, or `undefined` for a new one. Throws `idempotency_mismatch`. */
  find({ scope, fingerprint }: KeyedAppend): FirstAnswer | undefined {
    const first = this.#byScope.get(scope)
    if (first && first.fingerprint !== fingerprint) {
      throw new FairleadError('idempotency_mismatch', 'This key was used before, with other content.')
    }
    return first
  }

  /**
   * Throws `busy` when one more key than these would be too many: to forget one early would append its event twice.
   * `waiting` are on their way to be remembered.
   */
  assertRoom(waiting = 0): void {
    if (this.#byScope.size + waiting < this.#limit) return
    throw new FairleadError('busy', 'The log remembers as many idempotency keys as it may: try again later.')
  }

  remember(keyed: KeyedAppend, offset: number | null, now: number): void {
    const remembered = { scope: keyed.scope, fingerprint: keyed.fingerprint, offset, at: now }
    this.#byScope.set(keyed.scope, remembered)
    this.#byAge.push(remembered)
  }

  /** Forgets the keys whose time is over. */
  expire(now: number): void {
    for (let oldest = this.#byAge.first; oldest && now - oldest.at > rememberMs; oldest = this.#byAge.first) {
      this.#byAge.shift()
      this.#byScope.delete(oldest.scope)
    }
  }

  /** When the next key can be forgotten, in milliseconds since the epoch; `Infinity` when there is none. */
  get nextExpiry(): number {
    const oldest = this.#byAge.first
    return oldest ? oldest.at + rememberMs + 1 : Number.POSITIVE_INFINITY
  }
}
