import type { Clock } from './clock.ts'

/** What one connection, identity or address may have and do at a time in this process. `Infinity` is no bound. */
export interface Allowance {
  /** Open streams, sockets and polls that wait. */
  readonly connections: number
  /** Channels followed, over all its connections. */
  readonly subscriptions: number
  /** Sends that have no answer yet. */
  readonly inFlight: number
  /** Sends, subscribes, histories and what else asks for something. */
  readonly messagesPerSecond: number
  /** Bytes of payloads that are sent. */
  readonly bytesPerSecond: number
}

/** What of an allowance is a number of things, and is given back. */
export type Countable = 'connections' | 'subscriptions' | 'inFlight'

/** Holds what `burstMs` bring at a steady rate. Something larger than it holds passes, and is paid for afterwards. */
class Bucket {
  /** No bucket where the rate has no bound. */
  static of(perSecond: number, burstMs: number, clock: Clock): Bucket | undefined {
    return perSecond === Number.POSITIVE_INFINITY ? undefined : new Bucket(perSecond, burstMs, clock)
  }

  readonly #perMs: number
  readonly #most: number
  readonly #clock: Clock
  #left: number
  #at: number

  constructor(perSecond: number, burstMs: number, clock: Clock) {
    this.#perMs = perSecond / 1000
    this.#most = Math.max(1, this.#perMs * burstMs)
    this.#clock = clock
    this.#left = this.#most
    this.#at = clock.now()
  }

  /** How long until something may be taken, in milliseconds; 0 is now. */
  waitMs(): number {
    const now = this.#clock.now()
    // A wall clock that is set back gives nothing, and takes nothing away.
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
    return this.#left >= 1 ? 0 : (1 - this.#left) / this.#perMs
  }

  take(amount: number): void {
    this.#left -= amount
  }
}

/** What one party has open, and how fast it has been. */
export class Usage implements Record<Countable, number> {
  readonly allowance: Allowance
  connections = 0
  subscriptions = 0
  inFlight = 0
  readonly #messages: Bucket | undefined
  readonly #bytes: Bucket | undefined

  constructor(allowance: Allowance, burstMs: number, clock: Clock) {
    this.allowance = allowance
    this.#messages = Bucket.of(allowance.messagesPerSecond, burstMs, clock)
    this.#bytes = Bucket.of(allowance.bytesPerSecond, burstMs, clock)
  }

  /** Whether so many more may be opened. */
  fits(what: Countable, more: number): boolean {
    return this[what] + more <= this.allowance[what]
  }

  /** How long until it may say something again, in milliseconds; 0 is now. */
  waitMs(): number {
    return Math.max(this.#messages?.waitMs() ?? 0, this.#bytes?.waitMs() ?? 0)
  }

  /** One message was let in. */
  said(bytes: number): void {
    this.#messages?.take(1)
    this.#bytes?.take(bytes)
  }

  /** Whether it has nothing open: it may be forgotten. */
  get idle(): boolean {
    return this.connections + this.subscriptions + this.inFlight === 0
  }
}

/** Parties with nothing open are remembered up to so many, for their rate: those heard of longest ago go first. */
const remembered = 10_000
/** How many of the longest known are looked at when one too many is there: those with something open stay. */
const lookedAt = 8

/** The usage of each identity, or of each address. Its memory is bounded by what is open, and `remembered`. */
export class UsageTable {
  readonly #make: () => Usage
  readonly #usages = new Map<string, Usage>()

  constructor(allowance: Allowance, burstMs: number, clock: Clock) {
    this.#make = () => new Usage(allowance, burstMs, clock)
  }

  get size(): number {
    return this.#usages.size
  }

  /** What a party uses, if it is known. */
  find(key: string): Usage | undefined {
    return this.#usages.get(key)
  }

  /** What a party uses: to be changed at once, for one with nothing open may be forgotten. */
  of(key: string): Usage {
    const known = this.#usages.get(key)
    if (known) return known
    const made = this.#make()
    this.#usages.set(key, made)
    if (this.#usages.size > remembered) this.#forget()
    return made
  }

  #forget(): void {
    const oldest = this.#usages.entries()
    for (let i = 0; i < lookedAt; i++) {
      const [key, usage] = oldest.next().value!
      this.#usages.delete(key)
      if (usage.idle) return
      this.#usages.set(key, usage)
    }
  }
}
