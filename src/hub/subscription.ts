import { formatPosition, type ResetReason } from '../protocol/index.ts'
import type { Awaitable } from './awaitable.ts'
import type { Connection, Encoding } from './connection.ts'
import { Batch, type EncodedEvent } from './encoded-event.ts'
import { type Start, type StartRequest, startOf, startsNow } from './start.ts'
import type { Topic } from './topic.ts'
import type { TopicHub } from './topic-hub.ts'

/** A live reader whose socket still holds more than this as a batch comes falls behind: the batch is not queued. */
const backlogLimit = 64 * 1024

/** Most subscriptions have nothing of their own to keep here: they share it. */
const noFloors: ReadonlyMap<string, number> = new Map()
const noResets: Start['resets'] = []

/** What a subscription tells the connection's owner beside events. */
export interface SubscriptionOwner {
  /** A channel may not be read any longer. */
  lost(channel: string): void
  /** The log cannot be read now: the stream has to end and come back. */
  failed(error: unknown): void
  /** Several subscriptions share the connection: writes of one tick are gathered. */
  readonly shared: boolean
}

/**
 * One reader of a topic: a position and one of two states. Live, it gets the shared batch of each tick. Behind, it gets
 * nothing live and reads page by page, at the pace of its socket, until its position is inside the topic's tail; the
 * rest of the tail and the change of state happen in one turn, so that there is no seam. Every subscription begins
 * behind. Nothing at or below its position is ever written.
 */
export class Subscription {
  readonly topic: Topic
  readonly connection: Connection
  readonly #hub: TopicHub
  readonly owner: SubscriptionOwner
  readonly encoding: Encoding
  /** Channels that go on from a later offset than the position: those with a start of their own, or a gap. */
  #floors = noFloors
  #state: 'starting' | 'behind' | 'live' | 'closed' = 'starting'
  #position = 0
  #reading = false
  /** It was live and fell behind: then the channels' slow-reader policies speak. */
  #fell = false
  /** It fell behind on a channel with the policy `drop`, and has yet to skip what it missed. */
  #dropping = false
  /** The position was compared with the log: it is not ahead of it. */
  #checked = false
  #resets = noResets
  /** It started at a position, and whether all after it is there is not yet known. */
  #resuming = false

  constructor(hub: TopicHub, topic: Topic, connection: Connection, owner: SubscriptionOwner) {
    this.#hub = hub
    this.topic = topic
    this.connection = connection
    this.owner = owner
    this.encoding = connection.encodingOf?.(topic.channels) ?? connection.encoding
    topic.subscriptions.add(this)
  }

  /**
   * Works out where to start and answers the position, as text. Nothing is written before `run`, so that the caller
   * can say the position first.
   */
  start(request: StartRequest): Awaitable<string> {
    if (!this.topic.open || !startsNow(request)) return this.#startAt(request)
    this.#position = this.topic.position
    return this.position
  }

  async #startAt(request: StartRequest): Promise<string> {
    await this.topic.opened
    const start = await startOf(this.#hub, this.topic, request)
    this.#position = start.position
    for (const [channel, floor] of start.floors) this.#setFloor(channel, floor)
    this.#resets = start.resets
    this.#resuming = request.after !== undefined || request.starts !== undefined
    return this.position
  }

  /** Writes what the start had to say, and begins to read. */
  run(): void {
    if (this.#state !== 'starting') return
    this.#state = 'behind'
    if (this.#resets.length > 0) this.#resumed('reset')
    for (const reset of this.#resets) this.#say(reset)
    this.#resets = noResets
    this.pump()
  }

  /** The position reached, as text; `undefined` while the reader is behind its channels. */
  get reached(): string | undefined {
    return this.live ? this.position : undefined
  }

  /** Where the subscription stands, as text, behind or not. */
  get position(): string {
    return formatPosition(this.#hub.epoch, this.live ? this.topic.position : this.#nextOffset())
  }

  get live(): boolean {
    return this.#state === 'live'
  }

  /** See `Connection.direct`; -1 also where `deliver` has more to do than to write. */
  direct(bytes: number): number {
    return this.#state === 'live' && !this.owner.shared ? (this.connection.direct?.(bytes) ?? -1) : -1
  }

  /** A batch of this tick, after `from`: written if the reader is live and keeps up, else the reader falls behind. */
  deliver(batch: Batch, from: number): boolean {
    if (this.#state === 'behind') {
      this.pump() // If it goes live here, the tail has this batch already.
      return false
    }
    if (this.#state !== 'live') return false
    if (this.connection.backlogBytes > backlogLimit) {
      this.#state = 'behind'
      this.#position = from
      this.#fell = true
      this.#hub.metrics.fellBehind.add()
      this.#dropping = this.#hub.hasPolicy(this.topic, 'drop')
      return false
    }
    if (this.owner.shared) this.#hub.cork(this.connection)
    this.connection.write(batch.bytes(this.encoding))
    return true
  }

  /** The socket has drained, or the topic moved: a reader behind goes on. */
  pump(): void {
    if (this.#state !== 'behind' || this.#reading || this.connection.blocked) return
    if (this.#canGoLive()) {
      this.#goLive()
      return
    }
    // Past what the feed has brought there is nothing to read, unless the position has yet to be compared with the log.
    if (this.#nextOffset() >= this.topic.position && this.#checked && !this.#dropping) return
    this.#reading = true
    this.#readOn().then(
      () => {
        this.#reading = false
        this.pump()
      },
      (error: unknown) => {
        this.#reading = false
        if (this.#state !== 'closed') this.owner.failed(error)
      },
    )
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.topic.subscriptions.delete(this)
    this.#hub.release(this.topic)
  }

  #setFloor(channel: string, floor: number): void {
    this.#floors = new Map(this.#floors).set(channel, floor)
  }

  /** The least offset that any of the channels reads from. */
  #nextOffset(): number {
    return this.#floors.size === this.topic.channels.length
      ? Math.min(...this.#floors.values())
      : this.#position
  }

  #canGoLive(): boolean {
    const position = this.#nextOffset()
    if (this.#dropping || position < this.topic.tailStart || position > this.topic.position) return false
    for (const floor of this.#floors.values()) if (floor > this.topic.position) return false
    return true
  }

  #goLive(): void {
    this.#resumed('ok')
    const tail = this.topic.tailAfter(this.#nextOffset())
    this.#write(
      this.#floors.size === 0 && !this.#fell
        ? tail
        : this.#kept(tail.events.filter((one) => this.#isNew(one))),
    )
    this.#state = 'live'
    this.#fell = false
    this.#floors = noFloors
  }

  #isNew({ event }: EncodedEvent): boolean {
    return event.offset! > (this.#floors.get(event.channel) ?? 0)
  }

  async #readOn(): Promise<void> {
    if (this.#dropping) await this.#skipDropped()
    if (this.#canGoLive()) return
    const page = await this.topic.page(this.#nextOffset(), this.#floors)
    if (this.#state !== 'behind') return
    this.#checked = true
    this.#resumed(page.gaps.length > 0 ? 'reset' : 'ok')
    for (const gap of page.gaps) this.#skipTo(gap.channel, gap.reason, gap.earliest, page.head)
    this.#write(this.#fell ? this.#kept(page.batch.events) : page.batch)
    this.#settle(page.reached)
  }

  /** Policy `drop`: the channels that have it go on from now, and say so if there was anything to miss. */
  async #skipDropped(): Promise<void> {
    for (const channel of this.topic.channels) {
      if (this.#hub.slowPolicy(channel) !== 'drop') continue
      const from = Math.max(this.#nextOffset(), this.#floors.get(channel) ?? 0)
      const head = await this.#hub.log.channelHead(channel)
      if (this.#state !== 'behind') return
      if (head.last > from) this.#skipTo(channel, 'dropped', head.earliest, head.offset)
    }
    this.#settle(this.#nextOffset())
    this.#dropping = false
  }

  /** Has one channel go on from `latest`, after a reset that says so. */
  #skipTo(channel: string, reason: ResetReason, earliest: number, latest: number): void {
    this.#setFloor(channel, latest)
    const { epoch } = this.#hub
    this.#say({
      channel,
      reason,
      earliest: formatPosition(epoch, earliest),
      latest: formatPosition(epoch, latest),
    })
  }

  #say(reset: Start['resets'][number]): void {
    this.#hub.metrics.resets.add(reset.reason)
    // Until the last channel has moved, the position that the others still replay from: a cut here loses nothing.
    this.connection.control({ op: 'reset', id: this.position, ...reset })
  }

  /** Moves the list's position, and forgets later starts that it has passed. */
  #settle(reached: number): void {
    this.#position = Math.max(this.#nextOffset(), reached)
    const later = [...this.#floors].filter(([, floor]) => floor > this.#position)
    if (later.length < this.#floors.size) this.#floors = later.length === 0 ? noFloors : new Map(later)
  }

  /** Policy `latest`: of a reader that fell behind, only the newest of each tag. */
  #kept(events: readonly EncodedEvent[]): Batch {
    return new Batch(this.#fell ? events.filter(({ event }) => !this.#hub.superseded(event)) : events)
  }

  #resumed(result: 'ok' | 'reset'): void {
    if (this.#resuming) this.#hub.metrics.resumes.add(result)
    this.#resuming = false
  }

  #write(batch: Batch): void {
    if (batch.events.length === 0) return
    this.#hub.metrics.deliveries.add('replay', batch.events.length)
    this.connection.write(batch.bytes(this.encoding))
  }
}
