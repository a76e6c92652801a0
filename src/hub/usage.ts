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

/** How fast something may go, for all who are held to it. */
class Rate {
  readonly perMs: number
  /** What may be saved up at most. */
  readonly most: number
  readonly clock: Clock

  /** None where the rate has no bound. */
  static of(perSecond: number, burstMs: number, clock: Clock): Rate | undefined {
    return perSecond === Number.POSITIVE_INFINITY ? undefined : new Rate(perSecond, burstMs, clock)
  }

  private constructor(perSecond: number, burstMs: number, clock: Clock) {
    this.perMs = perSecond / 1000
    this.most = Math.max(1, this.perMs * burstMs)
    this.clock = clock
  }
}

/** Holds what may be saved up at a rate. Something larger than it holds passes, and is paid for afterwards. */
class Bucket {
  readonly #rate: Rate
  #left: number
  #at: number

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.most
    this.#at = rate.clock.now()
  }

  /** How long until something may be taken, in milliseconds; 0 is now. */
  waitMs(): number {
    const { perMs, most, clock } = this.#rate
    const now = clock.now()
    // A wall clock that is set back gives nothing, and takes nothing away.
    this.#left = Math.min(most, this.#left + Math.max(0, now - this.#at) * perMs)
    this.#at = now
    return this.#left >= 1 ? 0 : (1 - this.#left) / perMs
  }

  take(amount: number): void {
    this.#left -= amount
  }
}

/** An allowance with its rates: one for all who are held to it. */
export class Bounds {
  readonly allowance: Allowance
  readonly messages: Rate | undefined
  readonly bytes: Rate | undefined

  /** `burstMs` is how long a party may save up what its rates allow. */
  constructor(allowance: Allowance, burstMs: number, clock: Clock) {
    this.allowance = allowance
    this.messages = Rate.of(allowance.messagesPerSecond, burstMs, clock)
    this.bytes = Rate.of(allowance.bytesPerSecond, burstMs, clock)
  }
}

/** What one party has open, and how fast it has been. */
export class Usage implements Record<Countable, number> {
  readonly #bounds: Bounds
  connections = 0
  subscriptions = 0
  inFlight = 0
  /** Made when something is first taken out: until then they are full. */
  #messages: Bucket | undefined
  #bytes: Bucket | undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Whether so many more may be opened. */
  fits(what: Countable, more: number): boolean {
    return this[what] + more <= this.#bounds.allowance[what]
  }

  /** How long until it may say something again, in milliseconds; 0 is now. */
  waitMs(): number {
    return Math.max(this.#messages?.waitMs() ?? 0, this.#bytes?.waitMs() ?? 0)
  }

  /** One message was let in. */
  said(bytes: number): void {
    const bounds = this.#bounds
    if (bounds.messages) {
      this.#messages ??= new Bucket(bounds.messages)
      this.#messages.take(1)
    }
    if (bytes > 0 && bounds.bytes) {
      this.#bytes ??= new Bucket(bounds.bytes)
      this.#bytes.take(bytes)
    }
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
  readonly #bounds: Bounds
  readonly #usages = new Map<string, Usage>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
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
    const made = new Usage(this.#bounds)
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
