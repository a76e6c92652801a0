import type { ByeReason, SendRequest } from '../protocol/index.ts'
import { Attendance } from './attendance.ts'
import type { Person } from './audit.ts'
import type { Action, Identity } from './authorise.ts'
import { type Awaitable, andThen, isToCome, lastly, settle } from './awaitable.ts'
import type { Connection } from './connection.ts'
import type { History, HistoryRequest } from './history.ts'
import type { Hub } from './hub.ts'
import type { Whom } from './orders.ts'
import { type Admitted, Permissions } from './permissions.ts'
import { readOnce, readSpan } from './reading.ts'
import { type SendAnswer, sendEvent } from './sending.ts'
import type { Share } from './share.ts'
import type { SpanningHistory } from './spanning-history.ts'
import { type Standing, standingOf } from './standing.ts'
import type { Opened, OpenedStream, Spanned, StreamOwner, SubscribeOptions } from './stream.ts'
import { Subscription } from './subscription.ts'
import type { TopicHub } from './topic-hub.ts'

const noStreams: readonly Subscription[] = []

/**
 * The one door: whoever reads or writes, on whichever transport, does it through a session, and every call asks
 * `authorise` first. One session a request, or a connection. Long because one file shows that nothing goes around the question.
 */
export class Session {
  readonly hub: Hub
  who: Identity | null
  readonly permissions: Permissions
  /** What it takes of what its address and its identity may have; the application itself is held to nothing. */
  readonly share: Share | undefined
  readonly #address: string | undefined
  /** Who has said which client it is. */
  #client: string | undefined
  #closed = false
  /** The client has said that it goes. */
  #goodbye = false
  /** Made when first asked for: most connections end without anyone waiting for it. */
  #abort: AbortController | undefined
  #streams: readonly Subscription[] = noStreams
  /** A connection that is open also while nothing is subscribed to. */
  #held: Connection | undefined
  /** Made when a client says which it is, or asks who is there. */
  #attendance: Attendance | undefined

  /** `address` is where the request came from. */
  constructor(hub: Hub, who: Identity | null, address?: string, share?: Share) {
    this.hub = hub
    this.who = who
    this.share = share
    this.#address = address
    this.permissions = new Permissions(this)
  }

  /** Aborts when the session is closed. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#closed) this.#abort.abort()
    return this.#abort.signal
  }

  /** Who is behind it, for a log's line. */
  get person(): Person {
    return { user: this.who?.id, client: this.#client, address: this.#address }
  }

  /** What is subscribed to. */
  get streams(): readonly Subscription[] {
    return this.#streams
  }

  /** Whether a stream or a WebSocket is open; else what is open is a poll that waits. */
  get streaming(): boolean {
    return this.#streams.length > 0 || this.#held !== undefined
  }

  /** The connections that its streams are written to, and the one that is held. */
  get connections(): Set<Connection> {
    const open = new Set(this.#streams.map(({ connection }) => connection))
    return this.#held ? open.add(this.#held) : open
  }

  /** Whether the credentials have ended since they were shown. */
  get expired(): boolean {
    return this.permissions.validMs <= 0
  }

  /** Whether an order about someone is about this one. */
  isOf({ user, client, address }: Whom): boolean {
    return (
      (user === undefined || this.who?.id === user) &&
      (client === undefined || this.#client === client) &&
      (address === undefined || this.#address === address)
    )
  }

  /** Takes a connection for as long as the session is open. Throws `busy`, `rate_limited`. */
  connect(): void {
    this.share?.connect()
  }

  /**
   * Keeps a connection that is open for as long as the session: orders and the end of credentials reach it also while it
   * follows nothing.
   */
  hold(connection: Connection): void {
    if (!this.streaming) this.permissions.watch()
    this.#held = connection
    this.hub.sessions.add(this)
  }

  /** Ends what is open: streams with a `bye`, a poll that waits with what it has. */
  end(reason: ByeReason): void {
    for (const connection of this.connections) connection.end(reason, this.hub.retryMs())
    this.#finish()
  }

  /** Takes new credentials' identity; every permission is asked again at once. */
  async renew(who: Identity | null): Promise<void> {
    this.who = who
    this.share?.identified(who?.id)
    await this.permissions.renewed()
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
    this.share?.say()
    const admitted = this.permissions.admit(channels)
    const { open, denied } = isToCome(admitted) ? await admitted : admitted
    const opening = this.#open(this.hub.logs.ofAll(open), open, options, owner)
    const { subscription, position } = isToCome(opening) ? await opening : opening
    return { subscription, position, denied }
  }

  /** Whether the channels' events come to this server already, so that there is nothing to `prepare`. */
  prepared(channels: readonly string[]): boolean {
    return channels.every((channel) => this.hub.logs.of(channel).isOpen(channel))
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
    this.share?.say()
    const { open, denied } = await this.admit(channels)
    const groups = [...this.hub.logs.groups(open)]
    const streams = await Promise.all(
      groups.map(async ([topics, group]) => this.#open(topics, group, options, owner)),
    )
    return { streams, denied }
  }

  #open(
    topics: TopicHub,
    open: readonly string[],
    options: SubscribeOptions,
    owner: StreamOwner,
  ): Awaitable<OpenedStream> {
    this.share?.take('subscriptions', open.length)
    const topic = topics.topic(open)
    const subscription = new Subscription(topics, topic, owner.connection, owner)
    if (!this.streaming) this.permissions.watch()
    this.#streams = this.#streams.length === 0 ? [subscription] : [...this.#streams, subscription]
    this.#client = options.client ?? this.#client
    this.hub.sessions.add(this)
    return settle<OpenedStream>(
      () =>
        andThen(subscription.start(options), (position) => {
          if (options.client !== undefined) this.#enter(open, options.client)
          return { subscription, position }
        }),
      (error) => {
        this.unsubscribe(subscription)
        throw error
      },
    )
  }

  /** Ends one stream; nothing of it is written afterwards. */
  unsubscribe(subscription: Subscription): void {
    if (!this.#streams.includes(subscription)) return
    this.#streams = this.#streams.filter((one) => one !== subscription)
    subscription.close()
    this.share?.give('subscriptions', subscription.topic.channels.length)
    for (const channel of subscription.topic.channels) {
      this.#attendance?.leave(channel, false)
      this.#left(channel)
    }
    if (!this.streaming) this.#letGo()
  }

  /** Reads what is kept; with `waitMs` waits for the first event when there is none, while the credentials last. */
  history(channels: readonly string[], asked: HistoryRequest): Promise<History> {
    return readOnce(this, channels, asked)
  }

  /** The same for channels that may lie in several logs. */
  spanHistory(channels: readonly string[], asked: HistoryRequest): Promise<SpanningHistory> {
    return readSpan(this, channels, asked)
  }

  /** A client has read these channels by a poll: it is a member like one with a stream. */
  reads(channels: readonly string[], client: string | undefined): void {
    if (client !== undefined) this.#enter(channels, client)
    this.#client = client
  }

  /** Who has closed meanwhile becomes no member: nobody would take it off again. Who said goodbye may still be one. */
  #enter(channels: readonly string[], client: string): void {
    if (!this.#closed) this.#present.join(channels, client)
    else if (this.#goodbye) this.#present.goodbye(channels, client)
  }

  /** Sends one event: to the channel's handler, or into the log. */
  send(request: SendRequest): Awaitable<SendAnswer> {
    this.hub.assertOpen()
    this.share?.say(request.payload.length)
    this.share?.take('inFlight', 1)
    return lastly(
      () => andThen(this.assertAllowed('send', request.channel), () => sendEvent(this, request)),
      () => this.share?.give('inFlight', 1),
    )
  }

  /** Who is on a channel. Throws `not_found` on a channel that does not ask. */
  async members(channel: string): Promise<string[]> {
    this.share?.say()
    return this.#present.members(channel)
  }

  /** A client without a connection of its own is alive on these channels (an SSE reader's upstream says so). */
  async touch(channels: readonly string[], client: string): Promise<void> {
    this.share?.say()
    await this.#present.tell('touch', channels, client)
  }

  /** A client says goodbye. */
  async leave(channels: readonly string[], client: string): Promise<void> {
    this.share?.say()
    await this.#present.tell('leave', channels, client)
  }

  /** The connection was heard of: its members are alive. */
  alive(): void {
    this.#attendance?.alive()
  }

  /** How far the subscriptions are, as a heartbeat says it: nothing of those that are behind. */
  get standing(): Standing {
    const streams = this.#streams.map((subscription) => ({
      subscription,
      position: subscription.reached,
    }))
    return standingOf(streams)
  }

  /** The socket has drained: streams that are behind go on. */
  drained(): void {
    for (const subscription of this.#streams) subscription.pump()
  }

  /** The connection is gone; `goodbye` says that its members mean to be. */
  close(goodbye = false): void {
    this.#goodbye ||= goodbye
    this.#attendance?.leaveAll(goodbye)
    for (const subscription of this.#streams) this.unsubscribe(subscription)
    if (this.#held) this.#letGo()
    this.share?.close()
    this.#finish()
  }

  /**
   * Throws `auth_required` or `forbidden`, alike for channels that exist and that do not; `token_expired` to whoever had
   * credentials that have ended meanwhile.
   */
  assertAllowed(action: Action, channel: string): Awaitable<void> {
    return this.permissions.assertAllowed(action, channel)
  }

  /** Asks for each channel; names those that may be read and those that may not, or throws when none may. */
  async admit(channels: readonly string[]): Promise<Admitted> {
    return this.permissions.admit(channels)
  }

  get #present(): Attendance {
    this.#attendance ??= new Attendance(this)
    return this.#attendance
  }

  #finish(): void {
    this.#closed = true
    this.#abort?.abort()
  }

  #letGo(): void {
    this.#held = undefined
    this.permissions.unwatch()
    this.hub.sessions.delete(this)
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
