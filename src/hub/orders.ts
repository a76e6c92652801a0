import type { ByeReason } from '../protocol/index.ts'
import type { Audit } from './audit.ts'
import type { StoredEvent } from './channel-log.ts'
import type { Clock } from './clock.ts'
import { Revocations } from './revocations.ts'
import type { Session } from './session.ts'
import type { TopicHub } from './topic-hub.ts'

/**
 * Where servers of one log tell each other what to do. The names are no client's to use: they start with `_`. Revocations
 * have a channel of their own, so that no number of disconnections pushes one out.
 */
const channels = { disconnect: '_fairlead/orders', revoke: '_fairlead/revocations' } as const
/** What is revoked holds for so long, in milliseconds: a token that lives longer is good again afterwards. */
const keptMs = 24 * 60 * 60_000
/** A server that was out of reach for longer does not end connections that were made since. */
const disconnectMs = 60_000
/** The oldest goes first. */
const ordersKept = 10_000
/** What is read at a time at the start. */
const pageEvents = 1_000

/** Whom an order is about: all that is said has to hold. */
export interface Whom {
  /** The identity's `id`. */
  readonly user?: string | undefined
  /** The random id that a client has given itself. */
  readonly client?: string | undefined
  /** The address that the connection came from. */
  readonly address?: string | undefined
}

type Order =
  | { readonly op: 'disconnect'; readonly whom: Whom; readonly reason: ByeReason; readonly at: number }
  | { readonly op: 'revoke'; readonly user: string; readonly at: number }

/** What the servers of one log are told to do, live connections and those to come. */
export class Orders {
  readonly revocations = new Revocations(keptMs)
  readonly #topics: TopicHub
  readonly #clock: Clock
  readonly #sessions: ReadonlySet<Session>
  readonly #audit: Audit | undefined

  constructor(topics: TopicHub, clock: Clock, sessions: ReadonlySet<Session>, audit?: Audit) {
    this.#topics = topics
    this.#clock = clock
    this.#sessions = sessions
    this.#audit = audit
  }

  /** Reads what was ordered before, and follows. Rejects when the log is out of reach. */
  async open(): Promise<void> {
    for (const channel of Object.values(channels)) await this.#open(channel)
  }

  async #open(channel: string): Promise<void> {
    const since = await this.#topics.listen(channel, (event) => this.#take(event))
    let after = (await this.#topics.log.channelHead(channel)).earliest
    for (;;) {
      const bounds = { events: pageEvents, bytes: 1024 * 1024, until: since }
      const page = await this.#topics.log.read([{ channel, after }], bounds)
      for (const event of page.events) this.#take(event)
      if (!page.more) return
      after = page.reached
    }
  }

  /** Has every server end the connections of someone, who may come back. */
  disconnect(whom: Whom, reason: ByeReason): Promise<void> {
    if (whom.user === undefined && whom.client === undefined && whom.address === undefined)
      return Promise.reject(new TypeError('Say whom to disconnect: a user, a client or an address.'))
    return this.#give({ op: 'disconnect', whom, reason, at: this.#clock.now() })
  }

  /** Has every server end the connections of a user, and refuse the tokens and tickets that were issued before now. */
  revoke(user: string): Promise<void> {
    return this.#give({ op: 'revoke', user, at: this.#clock.now() })
  }

  async #give(order: Order): Promise<void> {
    const event = { channel: channels[order.op], event: order.op, payload: JSON.stringify(order) }
    const ageMs = order.op === 'revoke' ? keptMs : disconnectMs
    await this.#topics.log.append(event, { retention: { ageMs, count: ordersKept } })
  }

  #take({ payload }: StoredEvent): void {
    const order = JSON.parse(payload as string) as Order
    if (order.op === 'revoke') this.#revoke(order.user, order.at)
    else if (this.#clock.now() - order.at < disconnectMs) this.#end(order.whom, order.reason)
  }

  #revoke(user: string, at: number): void {
    this.revocations.add(user, at)
    this.#end({ user }, 'revoked')
  }

  #end(whom: Whom, reason: ByeReason): void {
    const meant = [...this.#sessions].filter((session) => session.isOf(whom))
    this.#audit?.ordered({ ...whom, reason }, meant.length)
    for (const session of meant) session.end(reason)
  }
}
