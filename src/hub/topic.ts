import { limits } from '../protocol/index.ts'
import type { LogPage, ReadFrom } from './channel-log.ts'
import { Batch, EncodedEvent } from './encoded-event.ts'
import type { Subscription } from './subscription.ts'
import { Tail } from './tail.ts'
import type { TopicHub } from './topic-hub.ts'

/** A page of the log, encoded once per encoding like a batch, shared by the readers of the same stretch. */
export interface SharedPage {
  readonly batch: Batch
  readonly reached: number
  readonly head: number
  readonly gaps: readonly { channel: string; reason: 'trimmed' | 'ahead'; earliest: number }[]
}

/** One answer to a history or a poll, encoded once for all who ask the same. */
export interface HistoryPage {
  readonly events: readonly EncodedEvent[]
  readonly log: LogPage
}

const pageEvents = 256
const pageBytes = 64 * 1024
const pagesKept = 8
/** Of up to 256 KiB each. */
const tailsKept = 4
/** Of up to 1 MiB each. */
const historiesKept = 2
/** A page of history is shared until the topic gets another event, and no longer than this, in milliseconds. */
const historyMs = 1_000

/**
 * A set of channels that is read as one list in offset order: one channel, or those of one stream. All streams of the
 * same set share its tail, its batch of each tick and its pages.
 */
export class Topic {
  readonly key: string
  readonly channels: readonly string[]
  readonly subscriptions = new Set<Subscription>()
  /** Resolves when every channel of the set is watched. */
  readonly opened: Promise<void>
  /** Lets the topic go when it is still without readers after its time in the wheel. */
  readonly linger = { due: () => this.#hub.drop(this) }
  readonly #hub: TopicHub
  readonly #waiters = new Set<(batch: Batch) => void>()
  readonly #pages = new Map<number, Promise<SharedPage>>()
  readonly #histories = new Map<string, { readonly page: Promise<HistoryPage>; readonly until: number }>()
  /** The newest offset that this process appended to one of the channels: the feed may bring it only later. */
  #appended = 0
  #pending: EncodedEvent[] = []
  /** The tail from the offsets last asked for, until it gets another event. */
  readonly #tails = new Map<number, Batch>()
  #tail = new Tail(0)
  #position = 0
  #open = false

  constructor(hub: TopicHub, key: string, channels: readonly string[]) {
    this.#hub = hub
    this.key = key
    this.channels = channels
    this.opened = this.#watch()
  }

  /** Everything of the set up to here was flushed to the live readers, and stands in the tail or the log. */
  get position(): number {
    // A quiet topic moves with the log: a reader of it resumes near the head, not from its last event of long ago.
    if (this.#open && this.#pending.length === 0)
      this.#position = Math.max(this.#position, this.#hub.feedPosition)
    return this.#position
  }

  /** After this offset the tail has everything. */
  get tailStart(): number {
    return this.#tail.start
  }

  /** Whether every channel of the set is watched. */
  get open(): boolean {
    return this.#open
  }

  /** Whether events wait for the end of this turn. */
  get pending(): boolean {
    return this.#pending.length > 0
  }

  get idle(): boolean {
    return this.subscriptions.size === 0 && this.#waiters.size === 0
  }

  /** Whether the topic has everything that this process appended: else who sent something would not find it. */
  get current(): boolean {
    return this.#pending.length === 0 && this.position >= this.#appended
  }

  /** An append to one of the channels was answered. */
  appended(offset: number): void {
    this.#appended = Math.max(this.#appended, offset)
  }

  /** Takes an event from the feed; it goes out with the others of this turn. */
  push(event: EncodedEvent): void {
    if (this.#pending.push(event) === 1) this.#hub.schedule(this)
  }

  /** Gives this turn's events to every live reader, then lets those behind go on. */
  flush(): void {
    if (!this.#open || this.#pending.length === 0) return
    if (this.#histories.size > 0) this.#histories.clear()
    if (this.#tails.size > 0) this.#tails.clear()
    const from = this.#position
    const events = newer(this.#pending, from)
    this.#pending = []
    if (events.length === 0) return
    for (const event of events) {
      if (event.event.offset === null) continue
      this.#tail.push(event)
      this.#position = event.event.offset
    }
    const batch = new Batch(events)
    const others = this.#hub.broadcast?.send(batch, this.subscriptions) ?? [...this.subscriptions]
    let readers = this.subscriptions.size - others.length
    for (const subscription of others) if (subscription.deliver(batch, from)) readers++
    this.#hub.countDelivered(batch, readers)
    if (this.#waiters.size > 0) for (const waiter of [...this.#waiters]) waiter(batch)
  }

  /**
   * The events of the tail after `offset`; only when `offset` is not before `tailStart`. Readers that come back after one
   * cut stand at the same place: they share the batch.
   */
  tailAfter(offset: number): Batch {
    let batch = this.#tails.get(offset)
    if (!batch) {
      batch = new Batch(this.#tail.after(offset))
      if (this.#tails.size >= tailsKept) this.#tails.delete(this.#tails.keys().next().value!)
      this.#tails.set(offset, batch)
    }
    return batch
  }

  /**
   * Reads the next page. Readers at the same offset share it; one whose channels stand at different offsets reads its
   * own. The page never passes what was flushed, so that going live has no seam, unless the reader is past it already.
   */
  page(after: number, floors: ReadonlyMap<string, number>): Promise<SharedPage> {
    if (floors.size > 0) return this.#read(after, floors)
    let page = this.#pages.get(after)
    if (!page) {
      page = this.#read(after, floors)
      page.catch(() => this.#pages.delete(after))
      if (this.#pages.size >= pagesKept) this.#pages.delete(this.#pages.keys().next().value!)
      this.#pages.set(after, page)
    }
    return page
  }

  /**
   * Reads a page for a history or a poll. Many polls that missed the same events come back at once, and one after the
   * other: they share it. Only for a topic that is `current`.
   */
  history(after: number, limit: number): Promise<HistoryPage> {
    const key = `${after} ${limit}`
    const now = this.#hub.clock.now()
    const known = this.#histories.get(key)
    if (known && now < known.until) return known.page
    const page = this.#readHistory(after, limit)
    page.catch(() => this.#histories.delete(key))
    if (this.#histories.size >= historiesKept) this.#histories.delete(this.#histories.keys().next().value!)
    this.#histories.set(key, { page, until: now + historyMs })
    return page
  }

  /** Forgets the shared pages: nobody is behind any more. */
  forgetPages(): void {
    this.#pages.clear()
    this.#tails.clear()
  }

  /** Wakes those who wait: the topic is let go, and gives nothing more. */
  end(): void {
    this.#open = false
    const nothing = new Batch([])
    for (const waiter of [...this.#waiters]) waiter(nothing)
  }

  /** Calls back with each turn's events, until the answer is called. */
  wait(waiter: (batch: Batch) => void): () => void {
    this.#waiters.add(waiter)
    return () => {
      this.#waiters.delete(waiter)
      this.#hub.release(this)
    }
  }

  async #read(after: number, floors: ReadonlyMap<string, number>): Promise<SharedPage> {
    const until = this.position
    const from: ReadFrom[] = this.channels.map((channel) => ({
      channel,
      after: Math.max(after, floors.get(channel) ?? 0),
    }))
    // Past what the feed has brought only the log itself can say whether a position is ahead.
    const beyond = from.some((start) => start.after > until)
    const bounds = { events: pageEvents, bytes: pageBytes, until: beyond ? undefined : until }
    const page = await this.#hub.log.read(from, bounds)
    const events = page.events.map((event) => new EncodedEvent(event, this.#hub.epoch))
    return { batch: new Batch(events), reached: page.reached, head: page.head, gaps: page.gaps }
  }

  async #readHistory(after: number, limit: number): Promise<HistoryPage> {
    const from = this.channels.map((channel) => ({ channel, after }))
    const log = await this.#hub.log.read(from, { events: limit, bytes: limits.historyBytes })
    return { events: log.events.map((event) => new EncodedEvent(event, this.#hub.epoch)), log }
  }

  async #watch(): Promise<void> {
    const offsets = await Promise.all(this.channels.map((channel) => this.#hub.watch(channel, this)))
    this.#position = Math.max(0, ...offsets)
    this.#tail = new Tail(this.#position)
    this.#tails.clear()
    this.#open = true
    if (this.#pending.length > 0) this.#hub.schedule(this)
  }
}

/** Those after an offset. What came before the topic was open may hold others. */
function newer(events: EncodedEvent[], offset: number): EncodedEvent[] {
  const isNewer = ({ event }: EncodedEvent) => event.offset === null || event.offset > offset
  return events.every(isNewer) ? events : events.filter(isNewer)
}
