import { FairleadError, limits as wire } from '../protocol/index.ts'
import type { Clock } from './clock.ts'
import { RefusalBudget, type RefusalOptions, tooMuch } from './refusal-budget.ts'
import { Share } from './share.ts'
import { type Allowance, Bounds, UsageTable } from './usage.ts'

/** What a process takes on: each number counts in this process alone. */
export interface LimitsSettings {
  /** Streams, sockets and waiting polls of the whole process. */
  readonly connections: number
  readonly connection: Allowance
  readonly identity: Allowance
  readonly address: Allowance
  /** How long a party may save up what its rates allow, in milliseconds. */
  readonly burstMs: number
  readonly refusals: RefusalOptions | false
  /** The part of the memory it may have, from 0 to 1, above which a process takes no new connections. */
  readonly memory: number | false
}

const unbounded: Allowance = {
  connections: Number.POSITIVE_INFINITY,
  subscriptions: Number.POSITIVE_INFINITY,
  inFlight: Number.POSITIVE_INFINITY,
  messagesPerSecond: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
}

/** Nobody is held to anything but the wire's own bound on one connection. */
export const noLimits: LimitsSettings = {
  connections: Number.POSITIVE_INFINITY,
  connection: { ...unbounded, subscriptions: wire.channelsPerStream },
  identity: unbounded,
  address: unbounded,
  burstMs: 5_000,
  refusals: false,
  memory: false,
}

/** Memory is looked at no more often than this. */
const memoryEveryMs = 500
/** New connections are taken again when memory is so far below the bound: else it would go to and fro. */
const memoryRecovered = 0.95

/** What this process takes on, and how much of it is taken: all that is counted per address, identity and connection. */
export class Limits {
  readonly settings: LimitsSettings
  readonly refusals: RefusalBudget
  /** What each connection by itself is held to. */
  readonly connection: Bounds
  readonly identities: UsageTable
  readonly addresses: UsageTable
  readonly clock: Clock
  readonly #memoryUsed: () => number
  #connections = 0
  #overloaded = false
  #lookedAt = Number.NEGATIVE_INFINITY

  /** `memoryUsed` answers the part of the memory that is used, from 0 to 1. */
  constructor(settings: LimitsSettings, clock: Clock, memoryUsed: () => number = () => 0) {
    this.settings = settings
    this.clock = clock
    this.refusals = new RefusalBudget(settings.refusals, clock)
    const boundsOf = (allowance: Allowance) => new Bounds(allowance, settings.burstMs, clock)
    this.connection = boundsOf(settings.connection)
    this.identities = new UsageTable(boundsOf(settings.identity))
    this.addresses = new UsageTable(boundsOf(settings.address))
    this.#memoryUsed = memoryUsed
  }

  /** Streams, sockets and waiting polls that are open. */
  get connections(): number {
    return this.#connections
  }

  /** Whether no new connection is taken: there are too many, or memory is short. It passes by itself. */
  get overloaded(): boolean {
    return this.#connections >= this.settings.connections || this.#memoryShort()
  }

  /** What one connection takes of all this, for whom and from where. */
  share(address: string | undefined, identity: string | undefined): Share {
    return new Share(this, address === undefined ? undefined : partyOf(address), identity)
  }

  /** Throws `rate_limited` to an address that was refused too often, or that says too much. Before anything is verified. */
  assertAddress(address: string | undefined): void {
    if (address === undefined) return
    const party = partyOf(address)
    const turnedAway = this.refusals.waitMs(party)
    if (turnedAway > 0) throw tooMuch('Your address was refused too often: mend what you send.', turnedAway)
    const wait = this.addresses.find(party)?.waitMs() ?? 0
    if (wait > 0) throw tooMuch('Your address says too much at once: wait, then try again.', wait)
  }

  /** Why this address gets no new connection: `busy`, `rate_limited`. Asked before anything is verified. */
  noRoom(address: string | undefined): FairleadError | undefined {
    if (this.overloaded) return overload()
    const usage = address === undefined ? undefined : this.addresses.find(partyOf(address))
    if (usage?.fits('connections', 1) !== false) return undefined
    return tooMuch('Your address has as many connections as it may have: close some, or try again later.')
  }

  /** Throws `busy` when no new connection is taken. */
  assertNotOverloaded(): void {
    if (this.overloaded) throw overload()
  }

  /** Whether an address was refused so often that it is turned away. */
  turnedAway(address: string | undefined): boolean {
    return address !== undefined && this.refusals.waitMs(partyOf(address)) > 0
  }

  /** An address was refused something. */
  refused(address: string | undefined, { code }: FairleadError): void {
    if (address !== undefined) this.refusals.count(partyOf(address), code)
  }

  /** A connection was opened (1), or is gone (-1). */
  connected(change: 1 | -1): void {
    this.#connections += change
  }

  #memoryShort(): boolean {
    const { memory } = this.settings
    if (memory === false) return false
    const now = this.clock.now()
    if (Math.abs(now - this.#lookedAt) >= memoryEveryMs) {
      this.#lookedAt = now
      this.#overloaded = this.#memoryUsed() > (this.#overloaded ? memory * memoryRecovered : memory)
    }
    return this.#overloaded
  }
}

function overload(): FairleadError {
  return new FairleadError('busy', 'This server has as much to do as it can: try again later.')
}

/** Who stands behind an address: of IPv6 whoever holds the network of 64 bits, for any address in it is theirs to use. */
export function partyOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':')
    while (groups.length + last.length < 8) groups.push('0')
    groups.push(...last)
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
