import type { ChannelLog, Feed, FeedSink, LogPage, ReadFrom, StoredEvent } from '../hub/channel-log.ts'
import type { Clock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'
import { Queue } from './queue.ts'
import { throwLater } from './throw-later.ts'

/** How often the newest offsets of the watched channels are compared, in milliseconds: no successor betrays a lost last. */
const compareEveryMs = 5_000
/** An announcement that is on its way when the offsets are compared has so long to come, in milliseconds. */
const graceMs = 1_000
/** How many channels are compared at a time; the others wait for the next times. */
const comparedAtOnce = 1_000
/** Announcements that wait while the log is read; beyond it they are let go, for they stand in the log. */
const waitingLimit = 10_000
/** What is read at a time while catching up. */
const catchUpBounds = { events: 1_000, bytes: 4 * 1024 * 1024 }
/** The pause before a failed read is tried again, in milliseconds: doubled each time up to the second number. */
const retryMs = [100, 2_000] as const

/** The log on another machine that a feed is of. */
export interface Announcer {
  /** Has the channel's events announced from now on; resolves when no later one can be missed. */
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  /** Where the log stands, asked of its primary. */
  head(): Promise<number>
  /** The newest offset of each of these channels, asked of the log's primary. */
  newest(channels: readonly string[]): Promise<readonly number[]>
  read: ChannelLog['read']
  /** Something that was never announced lies before what has been given: the log has to begin a new epoch. */
  distrust(): void
}

/** A watched channel. */
interface Watch {
  /** Every event of the channel up to here was given, or was before it was watched; `Infinity` until that is known. */
  seen: number
}

/**
 * The feed of a log on another machine, which announces its events over one connection, in order. A hole in what is
 * announced is read from the log before anything newer is passed on: `prev` shows one, a connection that was lost may
 * have left some in any channel, and a lost last announcement shows when the offsets are compared.
 */
export class AnnouncedFeed implements Feed {
  readonly #sink: FeedSink
  readonly #log: Announcer
  readonly #clock: Clock
  readonly #watched = new Map<string, Watch>()
  #waiting = new Queue<StoredEvent>()
  /** The announcing connection is lost: what comes before everything was read would come out of order. */
  #lost = false
  #working = false
  #mustCatchUp = false
  #position: number
  /** Counts how often everything began anew: an answer to a question of before is not used. */
  #era = 0
  /** Counts how often the announcing connection was lost. */
  #cuts = 0
  #comparedTo = 0
  #cancelTimer = () => {}
  #closed = false

  /** `position` is where the log stood when its announcements began. */
  constructor(sink: FeedSink, log: Announcer, clock: Clock, position: number) {
    this.#sink = sink
    this.#log = log
    this.#clock = clock
    this.#position = position
    this.#compareLater()
  }

  get position(): number {
    return this.#position
  }

  /** The channels that are watched: a connection made anew has to subscribe to them. */
  get channels(): string[] {
    return [...this.#watched.keys()]
  }

  async watch(channel: string): Promise<number> {
    const known = this.#watched.get(channel)
    if (known && known.seen !== Number.POSITIVE_INFINITY) return Math.max(known.seen, this.#position)
    const watch = known ?? { seen: Number.POSITIVE_INFINITY }
    const cuts = this.#cuts
    this.#watched.set(channel, watch)
    try {
      await this.#log.subscribe(channel)
      const head = await this.#log.head()
      if (this.#watched.get(channel) !== watch) {
        throw new FairleadError('unavailable', 'The log began anew meanwhile: try again.')
      }
      // Watched by two at a time: the later answer is as true.
      if (watch.seen === Number.POSITIVE_INFINITY) watch.seen = Math.max(head, this.#position)
      // Whoever caught up meanwhile left this channel out.
      if (cuts !== this.#cuts && !this.#lost) this.resume()
      return watch.seen
    } catch (error) {
      if (this.#watched.get(channel) === watch) this.unwatch(channel)
      throw error
    }
  }

  unwatch(channel: string): void {
    if (this.#watched.delete(channel)) this.#log.unsubscribe(channel)
  }

  /** Takes what the log announced, in the order in which it came. */
  announce(event: StoredEvent): void {
    if (this.#closed || !this.#watched.has(event.channel)) return
    if (this.#lost || this.#working) this.#wait(event)
    else this.#take(event)
  }

  /** The announcing connection is lost: nothing is passed on until `resume`. */
  interrupt(): void {
    this.#lost = true
    this.#cuts++
  }

  /** Announcements of all watched channels come again; what was missed is read first. */
  resume(): void {
    this.#lost = false
    this.#mustCatchUp = true
    void this.#work()
  }

  /**
   * Nothing of before counts, and the log stands at `position`: it began a new epoch, or, with none given, the feed
   * missed events that the log no longer has. Every reader has to come back.
   */
  begin(epoch: string | undefined, position: number): void {
    this.#era++
    this.#waiting = new Queue()
    for (const channel of this.channels) this.unwatch(channel)
    this.#mustCatchUp = false
    this.#position = position
    this.#sink.epoch(epoch)
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#watched.clear()
    this.#waiting = new Queue()
  }

  #wait(event: StoredEvent): void {
    if (this.#waiting.length < waitingLimit) {
      this.#waiting.push(event)
      return
    }
    this.#waiting = new Queue()
    this.#mustCatchUp = true
  }

  #take(event: StoredEvent): void {
    const watch = this.#watched.get(event.channel)
    if (!watch) return
    if (event.offset === null) return this.#tell(event)
    // Read before its announcement came.
    if (event.offset <= this.#position) return
    if (event.prev > watch.seen) return this.#fill(event, watch)
    this.#give(event, event.offset, watch)
  }

  #give(event: StoredEvent, offset: number, watch: Watch): void {
    if (watch.seen !== Number.POSITIVE_INFINITY) watch.seen = Math.max(watch.seen, offset)
    this.#position = offset
    this.#tell(event)
  }

  /** The event before this one was not announced. This one stands in the log, too, and is read with it. */
  #fill({ channel, prev }: StoredEvent, watch: Watch): void {
    if (prev <= this.#position) void this.#verify(channel, watch.seen, prev)
    watch.seen = Math.max(watch.seen, Math.min(prev, this.#position))
    this.#mustCatchUp = true
    void this.#work()
  }

  /**
   * An event that came too late to be given in order would have been passed over for good. But most likely there is
   * none: a channel that the log forgot goes on with a `prev` that nobody had.
   */
  async #verify(channel: string, after: number, until: number): Promise<void> {
    const era = this.#era
    for (let pauseMs: number = retryMs[0]; ; pauseMs = Math.min(pauseMs * 2, retryMs[1])) {
      if (this.#closed || era !== this.#era) return
      try {
        const page = await this.#log.read([{ channel, after }], { events: 1, bytes: 1, until })
        if (page.events.length > 0 && era === this.#era) this.#log.distrust()
        return
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve))
      }
    }
  }

  /** Catches up and gives what has waited, until there is neither. */
  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    let pauseMs: number = retryMs[0]
    while (!this.#closed && !this.#lost) {
      if (this.#mustCatchUp) {
        this.#mustCatchUp = false
        if (await this.#catchUp()) {
          pauseMs = retryMs[0]
          continue
        }
        this.#mustCatchUp = true
        await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve))
        pauseMs = Math.min(pauseMs * 2, retryMs[1])
      } else {
        const next = this.#waiting.shift()
        if (!next) break
        this.#take(next)
      }
    }
    this.#working = false
  }

  /** Reads what the watched channels have after the feed's position; `false` when the log cannot be read. */
  async #catchUp(): Promise<boolean> {
    const era = this.#era
    for (;;) {
      const from: ReadFrom[] = [...this.#watched].flatMap(([channel, { seen }]) =>
        Number.isFinite(seen) ? [{ channel, after: Math.max(seen, this.#position) }] : [],
      )
      if (from.length === 0) return true
      let page: LogPage
      try {
        page = await this.#log.read(from, catchUpBounds)
      } catch {
        return false
      }
      if (this.#closed || era !== this.#era) return true
      if (page.gaps.length > 0) {
        // What was missed is no longer kept: every reader has to come back and be told.
        this.begin(undefined, page.head)
        return true
      }
      for (const event of page.events) {
        const watch = this.#watched.get(event.channel)
        if (watch && event.offset! > this.#position) this.#give(event, event.offset!, watch)
      }
      this.#position = Math.max(this.#position, page.reached)
      if (!page.more) return true
    }
  }

  #compareLater(): void {
    this.#cancelTimer = this.#clock.after(compareEveryMs, () => {
      void this.#compare()
        .catch(() => {}) // Out of reach: the next time is soon enough.
        .then(() => {
          if (!this.#closed) this.#compareLater()
        })
    })
  }

  /** Asks the log how far some of the watched channels are, and reads what has not come by then. */
  async #compare(): Promise<void> {
    if (this.#lost || this.#working || this.#watched.size === 0) return
    const head = await this.#log.head()
    if (head <= this.#position) return
    const era = this.#era
    const all = this.channels
    const start = all.length <= comparedAtOnce ? 0 : this.#comparedTo % all.length
    this.#comparedTo = start + comparedAtOnce
    const channels = all.slice(start, start + comparedAtOnce)
    const watches = channels.map((channel) => this.#watched.get(channel)!)
    const newest = await this.#log.newest(channels)
    const behind = () => watches.filter((watch, i) => newest[i]! > watch.seen).length > 0
    if (behind()) await new Promise<void>((resolve) => this.#clock.after(graceMs, resolve))
    if (this.#closed || era !== this.#era || this.#lost || this.#working) return
    const missed = watches.some((watch, i) => newest[i]! > watch.seen && newest[i]! > this.#position)
    if (missed) {
      this.#mustCatchUp = true
      void this.#work()
    } else if (!behind() && channels.length === this.#watched.size) {
      // All that stood there when the head was asked has been given: a quiet reader's position moves with the log.
      this.#position = Math.max(this.#position, head)
    }
  }

  /** A sink that throws must not make the feed stop. */
  #tell(event: StoredEvent): void {
    try {
      this.#sink.event(event)
    } catch (error) {
      throwLater(error)
    }
  }
}
