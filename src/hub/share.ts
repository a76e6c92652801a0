import type { FairleadError } from '../protocol/index.ts'
import type { Limits } from './limits.ts'
import { tooMuch } from './refusal-budget.ts'
import { type Countable, Usage } from './usage.ts'

const what: Readonly<Record<Countable, string>> = {
  connections: 'connections open',
  subscriptions: 'subscriptions',
  inFlight: 'sends on their way',
}

/** What one connection (or request) takes of what its identity, its address and itself may have; all given back by `close`. */
export class Share {
  readonly #limits: Limits
  readonly #own: Usage
  readonly #address: string | undefined
  #identity: string | undefined
  #connected = false

  /** `address` is the party behind it (see `partyOf`); nobody is without `identity`. */
  constructor(limits: Limits, address: string | undefined, identity: string | undefined) {
    this.#limits = limits
    this.#own = new Usage(limits.settings.connection, limits.settings.burstMs, limits.clock)
    this.#address = address
    this.#identity = identity
  }

  /** A stranger has said who it is: what it has open counts for that identity from now on. */
  identified(identity: string | undefined): void {
    if (identity === this.#identity) return
    this.#moveTo(identity)
  }

  /** Takes a connection. Throws `busy`, `rate_limited`. Once: more calls change nothing. */
  connect(): void {
    if (this.#connected) return
    this.#limits.assertNotOverloaded()
    this.take('connections', 1)
    this.#connected = true
    this.#limits.connected(1)
  }

  /** Takes so many of something. Throws `rate_limited`, and takes nothing, when anyone concerned has too many. */
  take(kind: Countable, count: number): void {
    const usages = this.#usages()
    for (const usage of usages) {
      if (!usage.fits(kind, count))
        throw tooMuch(`You have as many ${what[kind]} as you may have: end some, or try again later.`)
    }
    for (const usage of usages) usage[kind] += count
  }

  /** Gives so many of something back. */
  give(kind: Countable, count: number): void {
    const given = Math.min(count, this.#own[kind])
    for (const usage of this.#usages()) usage[kind] -= given
  }

  /** Says one message with a payload of so many bytes. Throws `rate_limited`. */
  say(bytes = 0): void {
    const usages = this.#usages()
    const wait = Math.max(...usages.map((usage) => usage.waitMs()))
    if (wait > 0) throw tooMuch('You say too much at once: wait, then try again.', wait)
    for (const usage of usages) usage.said(bytes)
  }

  /** Throws `rate_limited` when the address was refused too often: asked before what is dear to refuse. */
  assertWelcome(): void {
    const wait = this.#limits.refusals.waitMs(this.#address)
    if (wait > 0) throw tooMuch('Your address was refused too often: mend what you send.', wait)
  }

  /** Something was refused to this connection. Whether its address was refused too often by now. */
  refused({ code }: FairleadError): boolean {
    this.#limits.refusals.count(this.#address, code)
    return this.#limits.refusals.waitMs(this.#address) > 0
  }

  /** The connection is gone: all that it had is free. */
  close(): void {
    for (const kind of ['connections', 'subscriptions', 'inFlight'] as const) this.give(kind, this.#own[kind])
    if (this.#connected) this.#limits.connected(-1)
    this.#connected = false
  }

  /** Looked up each time: a party with nothing open may have been forgotten since. */
  #usages(): Usage[] {
    const { addresses, identities } = this.#limits
    const usages = [this.#own]
    if (this.#address !== undefined) usages.push(addresses.of(this.#address))
    if (this.#identity !== undefined) usages.push(identities.of(this.#identity))
    return usages
  }

  #moveTo(identity: string | undefined): void {
    const { identities } = this.#limits
    const before = this.#identity === undefined ? undefined : identities.of(this.#identity)
    const after = identity === undefined ? undefined : identities.of(identity)
    for (const kind of ['connections', 'subscriptions', 'inFlight'] as const) {
      if (before) before[kind] -= this.#own[kind]
      if (after) after[kind] += this.#own[kind]
    }
    this.#identity = identity
  }
}
