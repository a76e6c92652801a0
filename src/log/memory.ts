import type {
  Appended,
  AppendOptions,
  ChannelHead,
  ChannelLog,
  Feed,
  FeedSink,
  LogHead,
  LogPage,
  NewEvent,
  ReadFrom,
  ReadLimits,
  StoredEvent,
} from '../hub/channel-log.ts'
import { type Clock, systemClock } from '../hub/clock.ts'
import { FairleadError, formatPosition, type Position } from '../protocol/index.ts'
import { type KeyedAppend, keyedAppend } from './keyed-append.ts'
import { LocalFeed } from './local-feed.ts'
import { KeptEvents } from './memory/kept-events.ts'
import { IdempotencyKeys } from './memory/keys.ts'
import { ownPayload } from './memory/own-copy.ts'
import { readPage } from './memory/page.ts'
import { assertSoleProcess } from './sole-process.ts'
import { type WakeUp, wakeUp } from './wake-up.ts'

/** What a memory log keeps at most; whichever bound is met first counts. Each may be `Infinity`. */
export interface MemoryLogOptions {
  /** Events in all. @default no bound but `bytes` */
  readonly events?: number | undefined
  /**
   * Memory of the kept events, in bytes: their payloads, and what keeping them takes beside (200 for an event, 260
   * more if it carries bytes, 400 for a channel). The newest event is kept even if it is larger. @default 64 MiB
   */
  readonly bytes?: number | undefined
  /** Age of an event, in milliseconds. @default 24 hours */
  readonly ageMs?: number | undefined
  /** Channels of which nothing is kept but how far they went; beyond it the longest empty is forgotten. @default 10,000 */
  readonly channels?: number | undefined
  /**
   * Idempotency keys remembered at a time, each for 10 minutes and in about 250 bytes; beyond it an append with a new
   * key is refused with `busy`. @default 1,000,000
   */
  readonly keys?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/**
 * A log in the memory of this process. Everything is gone when the process ends, so each one begins a new epoch.
 * Nothing in it waits: an append is done, and given to the feed, before `append` returns.
 *
 * Throws `TypeError` in a worker of `node:cluster`, where each worker would have a log of its own, and `RangeError` on a
 * bound that is none.
 */
export function memoryLog(options: MemoryLogOptions = {}): ChannelLog {
  assertSoleProcess('memoryLog()')
  return new MemoryLog(options)
}

class MemoryLog implements ChannelLog {
  readonly durability = 'memory'
  readonly #clock: Clock
  readonly #epoch: string
  readonly #kept: KeptEvents
  readonly #keys: IdempotencyKeys
  readonly #expiry: WakeUp
  #feed: LocalFeed | undefined
  #closed = false

  constructor(options: MemoryLogOptions) {
    this.#clock = options.clock ?? systemClock
    this.#epoch = randomEpoch(this.#clock)
    this.#kept = new KeptEvents({
      events: bound('events', options.events, Number.POSITIVE_INFINITY),
      bytes: bound('bytes', options.bytes, 64 * 1024 * 1024),
      ageMs: bound('ageMs', options.ageMs, 24 * 60 * 60_000),
      channels: bound('channels', options.channels, 10_000),
    })
    this.#keys = new IdempotencyKeys(bound('keys', options.keys, 1_000_000))
    this.#expiry = wakeUp(this.#clock, () => {
      this.#expire()
      this.#expiry.by(this.#nextExpiry)
    })
  }

  async append(event: NewEvent, options?: AppendOptions): Promise<Appended> {
    return this.appendNow(event, options)
  }

  appendNow(event: NewEvent, options: AppendOptions = {}): Appended {
    this.#assertOpen()
    const now = this.#clock.now()
    this.#expire(now)
    const keyed = keyedAppend(event, options)
    // Before the expected position, which the first append of the same key has itself passed.
    const first = keyed && this.#keys.find(keyed)
    if (first) return this.#answer(first.offset, true)
    this.#assertNothingAfter(options.after, event.channel)
    if (keyed) this.#keys.assertRoom()
    const offset = this.#store(event, options, keyed, now)
    return this.#answer(offset, false)
  }

  async read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    this.#assertOpen(signal)
    return readPage(this.#kept, from, bounds)
  }

  async head(signal?: AbortSignal): Promise<LogHead> {
    this.#assertOpen(signal)
    return { epoch: this.#epoch, offset: this.#kept.head }
  }

  async channelHead(channel: string, last = 0, signal?: AbortSignal): Promise<ChannelHead> {
    this.#assertOpen(signal)
    const kept = this.#kept
    const oldestOfLast = kept.at(channel, Math.max(0, kept.count(channel) - last))
    return {
      epoch: this.#epoch,
      offset: kept.head,
      last: kept.last(channel),
      earliest: kept.earliest(channel),
      newest: oldestOfLast?.prev ?? kept.last(channel),
    }
  }

  follow(sink: FeedSink): Feed {
    if (this.#feed) throw new Error('A log has one feed: follow was called before.')
    this.#feed = new LocalFeed(sink, () => this.#kept.head)
    return this.#feed
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#expiry.cancel()
  }

  #store(
    event: NewEvent,
    { retention = {} }: AppendOptions,
    keyed: KeyedAppend | undefined,
    now: number,
  ): number | null {
    const stored = retention === 'none' ? passing(event, now) : this.#kept.add(event, now, retention)
    if (keyed) this.#keys.remember(keyed, stored.offset, now)
    this.#expiry.by(this.#nextExpiry)
    this.#feed?.give(stored)
    return stored.offset
  }

  #answer(offset: number | null, repeated: boolean): Appended {
    return { offset, epoch: this.#epoch, durability: this.durability, repeated }
  }

  #assertOpen(signal?: AbortSignal): void {
    signal?.throwIfAborted()
    if (this.#closed) throw new FairleadError('unavailable', 'The log is closed.')
  }

  #assertNothingAfter(after: Position | undefined, channel: string): void {
    if (after === undefined) return
    const last = this.#kept.last(channel)
    if (after.epoch === this.#epoch && after.offset >= last) return
    throw new FairleadError('conflict', 'The channel went on after the position that was expected.', {
      position: formatPosition(this.#epoch, last),
    })
  }

  #expire(now = this.#clock.now()): void {
    this.#kept.expire(now)
    this.#keys.expire(now)
  }

  get #nextExpiry(): number {
    return Math.min(this.#kept.nextExpiry, this.#keys.nextExpiry)
  }
}

/** An event of a channel that keeps nothing: it stands outside of the channel's chain of offsets. */
function passing(event: NewEvent, time: number): StoredEvent {
  const { payload } = ownPayload(event.payload)
  return { channel: event.channel, offset: null, prev: 0, event: event.event, payload, time, tag: event.tag }
}

function randomEpoch(clock: Clock): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from({ length: 8 }, () => letters[Math.floor(clock.random() * letters.length)]).join('')
}

function bound(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard
  if (value >= 0) return value
  throw new RangeError(`memoryLog: ${name} is a number from 0, not ${value}.`)
}
