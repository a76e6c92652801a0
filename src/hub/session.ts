import { type ByeReason, FairleadError, isFairleadError, type SendRequest } from '../protocol/index.ts'
import type { Action, Identity } from './authorise.ts'
import type { Connection } from './connection.ts'
import { type History, type HistoryRequest, readHistory } from './history.ts'
import type { Hub } from './hub.ts'
import type { Whom } from './orders.ts'
import { type SendAnswer, sendEvent } from './sending.ts'
import { readSpanning, type SpanningHistory } from './spanning-history.ts'
import { type Standing, standingOf } from './standing.ts'
import type { StartRequest } from './start.ts'
import { Subscription, type SubscriptionOwner } from './subscription.ts'
import type { TopicHub } from './topic-hub.ts'

/** How often a running stream's permission is asked again; a stream ends within 5 s of losing it. */
const permissionMs = 4_000

/** How long before their end credentials are said to end, in milliseconds. */
const expiringMs = 60_000

/** What a session tells the transport that opened it. */
export interface StreamOwner extends SubscriptionOwner {
  readonly connection: Connection
  /** A channel may not be read any longer. */
  lost(channel: string): void
}

/** Where a stream starts, and who reads it. */
export interface SubscribeOptions extends StartRequest {
  /** The client's id: it becomes a member of those channels that know who is on them. */
  readonly client?: string | undefined
}

/** Which of several channels may be read. */
export interface Admitted {
  readonly open: readonly string[]
  readonly denied: readonly { channel: string; code: string }[]
}

/** A stream that was opened. */
export interface OpenedStream {
  readonly subscription: Subscription
  /** Where the stream starts. */
  readonly position: string
}

/** A stream that was opened, with the channels of it that may not be read. */
export interface Opened extends OpenedStream {
  readonly denied: Admitted['denied']
}

/** The streams of several logs that were opened together. */
export interface Spanned {
  readonly streams: readonly OpenedStream[]
  readonly denied: Admitted['denied']
}

/**
 * The one door: whoever reads or writes, on whichever transport, does it through a session, and every call asks
 * `authorise` first. One session a request, or a connection.
 */
export class Session {
  readonly hub: Hub
  who: Identity | null
  readonly #address: string | undefined
  readonly #openedAt: number
  /** Who has said which client it is. */
  #client: string | undefined
  #warned = false
  readonly #closed = new AbortController()
  readonly #subscriptions = new Map<Subscription, StreamOwner>()
  readonly #memberships = new Map<string, string>()

  /** `address` is where the request came from. */
  constructor(hub: Hub, who: Identity | null, address?: string) {
    this.hub = hub
    this.who = who
    this.#address = address
    this.#openedAt = hub.clock.now()
  }

  /** Aborts when the session is closed. */
  get signal(): AbortSignal {
    return this.#closed.signal
  }

  /** Whether an order about someone is about this one. */
  isOf({ user, client, address }: Whom): boolean {
    return (
      (user === undefined || this.who?.id === user) &&
      (client === undefined || this.#client === client) &&
      (address === undefined || this.#address === address)
    )
  }

  /** Ends what is open: streams with a `bye`, a poll that waits with what it has. */
  end(reason: ByeReason): void {
    for (const connection of this.#connections()) connection.end(reason, this.hub.retryMs())
    this.#closed.abort()
  }

  /** Takes new credentials' identity; every permission is asked again at once. */
  async renew(who: Identity | null): Promise<void> {
    this.who = who
    this.#warned = false
    await this.#checkPermissions()
  }

  /**
   * Opens one stream over several channels. Those that may not be read are named in the answer; if none may, throws
   * `auth_required` or `forbidden`. Nothing is written before `subscription.run()`.
   */
  async subscribe(
    channels: readonly string[],
    options: SubscribeOptions,
    owner: StreamOwner,
  ): Promise<Opened> {
    this.hub.assertOpen()
    const { open, denied } = await this.admit(channels)
    return { ...(await this.#open(this.hub.logs.ofAll(open), open, options, owner)), denied }
  }

  /**
   * Has the channels' events come to this server, so that a stream that is opened next starts from now and not from a
   * moment later. What fails here fails again, and is told, when the stream is opened.
   */
  async prepare(channels: readonly string[]): Promise<void> {
    const { open } = await this.admit(channels).catch(() => ({ open: [] }))
    for (const [topics, group] of this.hub.logs.groups(open)) {
      await Promise.all(group.map((channel) => topics.prepare(channel))).catch(() => {})
    }
  }

  /** The same for channels that may lie in several logs: a stream of each log's. */
  async span(channels: readonly string[], options: SubscribeOptions, owner: StreamOwner): Promise<Spanned> {
    this.hub.assertOpen()
    const { open, denied } = await this.admit(channels)
    const groups = [...this.hub.logs.groups(open)]
    const streams = await Promise.all(
      groups.map(([topics, group]) => this.#open(topics, group, options, owner)),
    )
    return { streams, denied }
  }

  async #open(
    topics: TopicHub,
    open: readonly string[],
    options: SubscribeOptions,
    owner: StreamOwner,
  ): Promise<OpenedStream> {
    const topic = topics.topic(open)
    const subscription = new Subscription(topics, topic, owner.connection, owner)
    if (this.#subscriptions.size === 0) this.hub.wheel.schedule(this, permissionMs)
    this.#subscriptions.set(subscription, owner)
    this.#client = options.client ?? this.#client
    this.hub.sessions.add(this)
    try {
      const position = await subscription.start(options)
      if (options.client !== undefined) this.#join(open, options.client)
      return { subscription, position }
    } catch (error) {
      this.unsubscribe(subscription)
      throw error
    }
  }

  /** Ends one stream; nothing of it is written afterwards. */
  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    subscription.close()
    for (const channel of subscription.topic.channels) {
      this.#leave(channel, false)
      this.#left(channel)
    }
    if (this.#subscriptions.size > 0) return
    this.hub.wheel.cancel(this)
    this.hub.sessions.delete(this)
  }

  /** Reads what is kept; with `waitMs` waits for the first event when there is none, while the credentials last. */
  history(channels: readonly string[], asked: HistoryRequest): Promise<History> {
    const { logs, clock } = this.hub
    const request = this.#whileValid(asked)
    return this.#read(channels, request, (open) => readHistory(logs.ofAll(open), clock, open, request))
  }

  /** The same for channels that may lie in several logs. */
  spanHistory(channels: readonly string[], asked: HistoryRequest): Promise<SpanningHistory> {
    const { logs, clock } = this.hub
    const request = this.#whileValid(asked)
    return this.#read(channels, request, (open) => readSpanning(logs, clock, open, request))
  }

  async #read<H>(
    channels: readonly string[],
    request: HistoryRequest,
    read: (open: readonly string[]) => Promise<H>,
  ): Promise<H & Pick<Admitted, 'denied'>> {
    const { open, denied } = await this.admit(channels)
    if (request.client !== undefined) this.#join(open, request.client)
    this.#client = request.client
    if (request.waitMs) this.hub.sessions.add(this)
    const history = await read(open).finally(() => this.hub.sessions.delete(this))
    // A poll may have been parked for long: what it waited for is not for who lost permission meanwhile.
    if (request.waitMs) for (const channel of open) await this.assertAllowed('read', channel)
    return { ...history, denied }
  }

  /** Sends one event: to the channel's handler, or into the log. */
  async send(request: SendRequest): Promise<SendAnswer> {
    this.hub.assertOpen()
    await this.assertAllowed('send', request.channel)
    return sendEvent(this, request)
  }

  /** Who is on a channel. Throws `not_found` on a channel that does not ask. */
  async members(channel: string): Promise<string[]> {
    await this.assertAllowed('presence', channel)
    if (!this.#hasPresence(channel))
      throw new FairleadError('not_found', 'This channel does not know who is on it.')
    return this.hub.presence.members(channel)
  }

  /** A client without a connection of its own is alive on these channels (an SSE reader's upstream says so). */
  async touch(channels: readonly string[], client: string): Promise<void> {
    for (const channel of channels) await this.assertAllowed('presence', channel)
    for (const channel of channels)
      if (this.#hasPresence(channel)) await this.hub.presence.touch(channel, client)
  }

  /** A client says goodbye. */
  async leave(channels: readonly string[], client: string): Promise<void> {
    for (const channel of channels) await this.assertAllowed('presence', channel)
    for (const channel of channels)
      if (this.#hasPresence(channel)) await this.hub.presence.leave(channel, client)
  }

  /** The connection was heard of: its members are alive. */
  alive(): void {
    for (const [channel, client] of this.#memberships) this.hub.memberships.touch(channel, client)
  }

  /** How far the subscriptions are, as a heartbeat says it: nothing of those that are behind. */
  get standing(): Standing {
    const streams = [...this.#subscriptions.keys()].map((subscription) => ({
      subscription,
      position: subscription.reached,
    }))
    return standingOf(streams)
  }

  /** The socket has drained: streams that are behind go on. */
  drained(): void {
    for (const subscription of this.#subscriptions.keys()) subscription.pump()
  }

  /** The connection is gone; `goodbye` says that its members mean to be. */
  close(goodbye = false): void {
    for (const channel of [...this.#memberships.keys()]) this.#leave(channel, goodbye)
    for (const subscription of [...this.#subscriptions.keys()]) this.unsubscribe(subscription)
    this.#closed.abort()
  }

  /** Whether the credentials have ended since they were shown. */
  get expired(): boolean {
    return this.#validMs() <= 0
  }

  #validMs(): number {
    return (this.who?.expiresAt ?? Number.POSITIVE_INFINITY) - this.hub.clock.now()
  }

  /** A poll waits no longer than its credentials last. */
  #whileValid(request: HistoryRequest): HistoryRequest {
    return request.waitMs
      ? { ...request, waitMs: Math.max(1, Math.min(request.waitMs, this.#validMs())) }
      : request
  }

  /**
   * Throws `auth_required` or `forbidden`, alike for channels that exist and that do not; `token_expired` to whoever had
   * credentials that have ended meanwhile.
   */
  async assertAllowed(action: Action, channel: string): Promise<void> {
    if (this.expired) throw new FairleadError('token_expired', 'Your credentials have expired: get new ones.')
    if (await this.#allows(action, channel)) return
    throw refusal(this.who)
  }

  /** The wheel's call: permission is asked again. */
  due(): void {
    if (this.#expired()) return
    this.#checkPermissions().catch((error: unknown) => this.hub.onError(error, 'subscription'))
    if (this.#subscriptions.size > 0) this.hub.wheel.schedule(this, permissionMs)
  }

  /** Says ahead of time that the credentials end, so that new ones come without a gap; then ends what they opened. */
  #expired(): boolean {
    const left = this.#validMs()
    if (left <= 0) {
      this.end('auth_expired')
      return true
    }
    if (left > expiringMs || this.#warned) return false
    this.#warned = true
    for (const connection of this.#connections()) connection.control({ op: 'auth_expiring', inMs: left })
    return false
  }

  #connections(): Set<Connection> {
    return new Set([...this.#subscriptions.values()].map(({ connection }) => connection))
  }

  async #checkPermissions(): Promise<void> {
    for (const [subscription, owner] of [...this.#subscriptions]) {
      for (const channel of subscription.topic.channels) {
        if (!(await this.#allows('read', channel)) && this.#subscriptions.has(subscription))
          owner.lost(channel)
      }
    }
  }

  async #allows(action: Action, channel: string): Promise<boolean> {
    const { revocations } = this.hub.orders
    if (revocations.covers(this.who, this.who?.issuedAt ?? this.#openedAt)) return false
    return this.who?.admin === true || (await this.hub.authorise.allows(this.who, action, channel))
  }

  /** Asks for each channel; names those that may be read and those that may not, or throws when none may. */
  async admit(channels: readonly string[]): Promise<Admitted> {
    const denied: { channel: string; code: string }[] = []
    let last: FairleadError | undefined
    for (const channel of channels) {
      try {
        await this.assertAllowed('read', channel)
        const { name, declaration } = this.hub.declared.find(channel)
        await declaration?.onSubscribe?.({ channel: name, who: this.who })
      } catch (error) {
        if (!isFairleadError(error)) throw error
        last = error
        denied.push({ channel, code: error.code })
      }
    }
    if (last && denied.length === channels.length) throw last
    return { open: channels.filter((channel) => !denied.some((one) => one.channel === channel)), denied }
  }

  #hasPresence(channel: string): boolean {
    return this.hub.declared.find(channel).declaration?.presence === true
  }

  #join(channels: readonly string[], client: string): void {
    for (const channel of channels) {
      if (!this.#hasPresence(channel)) continue
      this.#leave(channel, false)
      this.#memberships.set(channel, client)
      this.hub.memberships.enter(channel, client)
    }
  }

  #leave(channel: string, goodbye: boolean): void {
    const client = this.#memberships.get(channel)
    if (client === undefined) return
    this.#memberships.delete(channel)
    this.hub.memberships.exit(channel, client, goodbye)
  }

  #left(channel: string): void {
    const { name, declaration } = this.hub.declared.find(channel)
    try {
      declaration?.onLeave?.({ channel: name, who: this.who })
    } catch (error) {
      this.hub.onError(error, 'handler')
    }
  }
}

function refusal(who: Identity | null): FairleadError {
  return who === null
    ? new FairleadError('auth_required', 'Say who you are: a bearer token or a cookie.')
    : new FairleadError('forbidden', 'This is not for you to read or send.')
}
