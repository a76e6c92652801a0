import { Broadcast, type WriteLoop } from './broadcast.ts'
import type { ChannelLog, Feed, StoredEvent } from './channel-log.ts'
import type { SlowReader } from './channels.ts'
import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import { type Batch, EncodedEvent } from './encoded-event.ts'
import type { FlowMeter } from './flow.ts'
import { type Metrics, stopwatch } from './metrics.ts'
import type { Subscription } from './subscription.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { Topic } from './topic.ts'

/** A topic without readers is kept this long: a reader that reconnects finds its tail. */
const lingerMs = 10_000
/** A flush that took longer makes the next one wait as long as it took, up to `longestWaitMs`. */
const quickFlushMs = 5
const longestWaitMs = 25
/** Newest offsets per tag, of channels with the policy `latest`: the tag longest unused goes first. */
const tagsKept = 10_000

/** The pause before a channel that could not be watched again is tried again, in milliseconds. */
const listenAgainMs = 500

/** What the topics are fed by and ask. */
export interface TopicHubOptions {
  readonly log: ChannelLog
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly flow: FlowMeter
  readonly metrics: Metrics
  readonly slowPolicy: (channel: string) => SlowReader
  /** Nothing that was given counts any more: every stream has to end and come back. */
  readonly interrupted: () => void
  /** Sends one batch to many sockets. @default each is written to */
  readonly writeLoop?: WriteLoop | undefined
  /** Told when the log goes out of reach, and when it is back. @default nobody */
  readonly reach?: ((lost: boolean) => void) | undefined
  /** Runs a function after the present turn's publishes, and not before `waitMs`. @default setImmediate, setTimeout */
  readonly afterTurn?: ((fn: () => void, waitMs: number) => void) | undefined
  /** Measures how long a flush takes, in fractions of a millisecond. @default performance.now */
  readonly stopwatch?: (() => number) | undefined
}

interface WatchedChannel {
  readonly topics: Set<Topic>
  readonly since: number | Promise<number>
  /** The newest offset of each tag, on a channel with the policy `latest`. */
  readonly newestByTag: Map<string, number> | undefined
}

/**
 * Takes the log's feed and hands each event to the topics of its channel. The only way in: `append` tells the hub
 * nothing, so an event of this process and one of another come in the same order to every reader.
 */
export class TopicHub {
  readonly log: ChannelLog
  epoch = ''
  /** The log cannot be reached: live streams wait for what comes when it was healed. */
  outOfReach = false
  /** Rises whenever every reader has to come back: what was asked before is not answered with what is read after. */
  era = 0
  readonly slowPolicy: (channel: string) => SlowReader
  readonly metrics: Metrics
  readonly clock: Clock
  readonly broadcast: Broadcast | undefined
  readonly #options: TopicHubOptions
  readonly #feed: Feed
  readonly #stopwatch: () => number
  readonly #topics = new Map<string, Topic>()
  readonly #watched = new Map<string, WatchedChannel>()
  readonly #corked = new Set<Connection>()
  /** What servers tell each other: no topic's, and watched as long as the hub lives. */
  readonly #listeners = new Map<string, (event: StoredEvent) => void>()
  /** Topics with events of this turn. */
  #dirty: Topic[] = []
  #scheduled = false
  #restUntil = 0
  /** When the first event that waits for the next flush came. */
  #waitingSince = 0

  constructor(options: TopicHubOptions, epoch: string) {
    this.#options = options
    this.#stopwatch = options.stopwatch ?? stopwatch
    this.metrics = options.metrics
    this.clock = options.clock
    this.broadcast = options.writeLoop && new Broadcast(options.writeLoop)
    this.log = options.log
    this.slowPolicy = options.slowPolicy
    this.epoch = epoch
    this.#feed = options.log.follow({
      event: (event) => this.#take(event),
      epoch: (next) => this.#restart(next),
      unavailable: (lost) => {
        if (lost !== this.outOfReach) options.reach?.(lost)
        this.outOfReach = lost
      },
    })
  }

  /** Every event of the watched channels up to here has been handed to its topics. */
  get feedPosition(): number {
    return this.#feed.position
  }

  /** Every topic there is. */
  get topics(): Iterable<Topic> {
    return this.#topics.values()
  }

  /** The topic of a set of channels, made when first asked for. */
  topic(channels: readonly string[]): Topic {
    const key = channels.length === 1 ? channels[0]! : [...channels].sort().join(' ')
    let topic = this.#topics.get(key)
    if (!topic) {
      topic = new Topic(this, key, [...channels].sort())
      this.#topics.set(key, topic)
      const made = topic
      // Its readers are told; the next one tries the log anew.
      topic.opened.catch(() => this.#forget(made))
    }
    return topic
  }

  /** Whether the topic of a channel takes its events already. */
  isOpen(channel: string): boolean {
    return this.#topics.get(channel)?.open === true
  }

  /** Opens the topic of a channel that is about to have a reader. */
  async prepare(channel: string): Promise<void> {
    const topic = this.topic([channel])
    await topic.opened
    this.release(topic)
  }

  /** An append of this process was answered: who made it may ask for it before the feed has brought it. */
  appended(channel: string, offset: number): void {
    if (offset <= this.#feed.position) return // It was brought already.
    for (const topic of this.#watched.get(channel)?.topics ?? []) topic.appended(offset)
  }

  /** Starts giving a channel's events to a topic; answers the offset after which it gets them all. */
  watch(channel: string, topic: Topic): number | Promise<number> {
    let watched = this.#watched.get(channel)
    if (watched) {
      watched.topics.add(topic)
      // Already fed: from what has been handed over on, and from where the watching began, the topic misses nothing.
      const joined = (since: number) => Math.max(since, this.#feed.position)
      return typeof watched.since === 'number' ? joined(watched.since) : watched.since.then(joined)
    }
    const newestByTag = this.slowPolicy(channel) === 'latest' ? new Map<string, number>() : undefined
    watched = { topics: new Set([topic]), since: this.#feed.watch(channel), newestByTag }
    this.#watched.set(channel, watched)
    return watched.since
  }

  /** Has a channel's events given to a function, for good; answers the offset after which none is missed. */
  async listen(channel: string, take: (event: StoredEvent) => void): Promise<number> {
    this.#listeners.set(channel, take)
    return this.#feed.watch(channel)
  }

  /** Called when a topic lost a reader: one without any is let go after a while. */
  release(topic: Topic): void {
    if (!topic.idle) return
    topic.forgetPages()
    this.#options.wheel.schedule(topic.linger, lingerMs)
  }

  /** Has the topic flushed after this turn's publishes. */
  schedule(topic: Topic): void {
    this.#dirty.push(topic)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#waitingSince = this.#stopwatch()
    const flush = () => this.#flush()
    // Half of the loop stays free, and under load batches grow instead of the delay.
    const waitMs = this.#restUntil - this.#stopwatch()
    ;(this.#options.afterTurn ?? afterTurn)(flush, waitMs)
  }

  /** Gathers what is written to a connection until the end of this flush. */
  cork(connection: Connection): void {
    if (this.#corked.has(connection)) return
    connection.cork()
    this.#corked.add(connection)
  }

  /** Whether any channel of the topic has this slow-reader policy. */
  hasPolicy(topic: Topic, policy: SlowReader): boolean {
    return topic.channels.some((channel) => this.slowPolicy(channel) === policy)
  }

  /** Whether a newer event of the same tag is known, on a channel with the policy `latest`. */
  superseded(event: StoredEvent): boolean {
    const newest = this.#watched.get(event.channel)?.newestByTag?.get(event.tag ?? '')
    return newest !== undefined && event.offset !== null && event.offset < newest
  }

  countDelivered(batch: Batch, readers: number): void {
    const { flow, clock } = this.#options
    for (const { event } of batch.events) flow.delivered(event.channel, readers)
    this.metrics.deliveries.add('live', readers * batch.events.length)
    // Clocks of two machines differ: less than nothing is nothing.
    this.metrics.delays.observe(Math.max(0, clock.now() - batch.events[0]!.event.time) / 1000)
  }

  /** Lets go of a topic that has no readers. */
  drop(topic: Topic): void {
    if (topic.idle) this.#forget(topic)
  }

  /** What the topics hold is of an epoch that is gone, or has a hole: they are let go, and their readers come back. */
  #restart(epoch: string | undefined): void {
    this.epoch = epoch ?? this.epoch
    this.era++
    for (const topic of [...this.#topics.values()]) {
      this.#forget(topic)
      topic.end()
    }
    for (const channel of this.#listeners.keys()) void this.#listenAgain(channel)
    this.#options.interrupted()
  }

  async #listenAgain(channel: string): Promise<void> {
    try {
      await this.#feed.watch(channel)
    } catch {
      this.#options.clock.after(listenAgainMs, () => void this.#listenAgain(channel))
    }
  }

  #forget(topic: Topic): void {
    if (this.#topics.get(topic.key) !== topic) return
    this.#topics.delete(topic.key)
    for (const channel of topic.channels) {
      const watched = this.#watched.get(channel)
      watched?.topics.delete(topic)
      if (watched?.topics.size === 0) {
        this.#watched.delete(channel)
        this.#feed.unwatch(channel)
      }
    }
  }

  /** Every reader of a channel, alone or among others. */
  *readersOf(channel: string): Iterable<Subscription> {
    for (const topic of this.#watched.get(channel)?.topics ?? []) yield* topic.subscriptions
  }

  #take(event: StoredEvent): void {
    this.#listeners.get(event.channel)?.(event)
    this.#options.flow.carried(event.channel, event.payload.length)
    const watched = this.#watched.get(event.channel)
    if (!watched) return
    if (watched.newestByTag) remember(watched.newestByTag, event)
    const encoded = new EncodedEvent(event, this.epoch)
    for (const topic of watched.topics) topic.push(encoded)
  }

  #flush(): void {
    const started = this.#stopwatch()
    const since = this.#waitingSince
    const dirty = this.#dirty
    this.#dirty = []
    this.#scheduled = false
    for (const topic of dirty) topic.flush()
    for (const connection of this.#corked) connection.uncork()
    this.#corked.clear()
    const ended = this.#stopwatch()
    this.metrics.flushes.observe((ended - started) / 1000)
    this.metrics.lag.observe((ended - since) / 1000)
    if (ended - started > quickFlushMs) this.#restUntil = ended + Math.min(ended - started, longestWaitMs)
  }
}

/** Keeps the process alive: whoever waits for an event that was published would otherwise wait for ever. */
function afterTurn(fn: () => void, waitMs: number): void {
  if (waitMs > 0) setTimeout(fn, waitMs)
  else setImmediate(fn)
}

function remember(newestByTag: Map<string, number>, event: StoredEvent): void {
  if (event.offset === null) return
  const tag = event.tag ?? ''
  newestByTag.delete(tag)
  newestByTag.set(tag, event.offset)
  if (newestByTag.size > tagsKept) newestByTag.delete(newestByTag.keys().next().value!)
}
