import type { FairleadError } from '../protocol/index.ts'
import type { Limits } from './limits.ts'
import { tooMuch } from './refusal-budget.ts'
import { type Countable, Usage } from './usage.ts'

const what: Readonly<Record<Countable, string>> = {
  connections: 'connections open',
  subscriptions: 'subscriptions',
  inFlight: 'sends on their way',
}

const countables = Object.keys(what) as Countable[]

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
    this.#own = new Usage(limits.connection)
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
    const own = this.#own
    const address = this.#ofAddress
    const identity = this.#ofIdentity
    if (
      !own.fits(kind, count) ||
      address?.fits(kind, count) === false ||
      identity?.fits(kind, count) === false
    )
      throw tooMuch(`You have as many ${what[kind]} as you may have: end some, or try again later.`)
    own[kind] += count
    if (address) address[kind] += count
    if (identity) identity[kind] += count
  }

  /** Gives so many of something back. */
  give(kind: Countable, count: number): void {
    const given = Math.min(count, this.#own[kind])
    this.#own[kind] -= given
    const address = this.#ofAddress
    if (address) address[kind] -= given
    const identity = this.#ofIdentity
    if (identity) identity[kind] -= given
  }

  /** Says one message with a payload of so many bytes. Throws `rate_limited`. */
  say(bytes = 0): void {
    const address = this.#ofAddress
    const identity = this.#ofIdentity
    const wait = Math.max(this.#own.waitMs(), address?.waitMs() ?? 0, identity?.waitMs() ?? 0)
    if (wait > 0) throw tooMuch('You say too much at once: wait, then try again.', wait)
    this.#own.said(bytes)
    address?.said(bytes)
    identity?.said(bytes)
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
    for (const kind of countables) if (this.#own[kind] > 0) this.give(kind, this.#own[kind])
    if (this.#connected) this.#limits.connected(-1)
    this.#connected = false
  }

  /** Looked up each time, as `#ofIdentity` is: a party with nothing open may have been forgotten since. */
  get #ofAddress(): Usage | undefined {
    return this.#address === undefined ? undefined : this.#limits.addresses.of(this.#address)
  }

  get #ofIdentity(): Usage | undefined {
    return this.#identity === undefined ? undefined : this.#limits.identities.of(this.#identity)
  }

  #moveTo(identity: string | undefined): void {
    const { identities } = this.#limits
    const before = this.#identity === undefined ? undefined : identities.of(this.#identity)
    const after = identity === undefined ? undefined : identities.of(identity)
    for (const kind of countables) {
      if (before) before[kind] -= this.#own[kind]
      if (after) after[kind] += this.#own[kind]
    }
    this.#identity = identity
  }
}
