import type { Durability, Payload, Position } from '../protocol/index.ts'

/** An event as a log keeps it. */
export interface StoredEvent {
  readonly channel: string
  /** Rises over all channels of the log; `null` on a channel that keeps nothing. */
  readonly offset: number | null
  /**
   * The offset before this one in its channel; 0 when there was none, and where `offset` is `null`. A reader at less
   * than `prev` has missed some.
   */
  readonly prev: number
  readonly event: string
  readonly payload: Payload
  /** The clock of the server that appended it, or of its store, in milliseconds: for display. */
  readonly time: number
  readonly tag?: string | undefined
}

/** An event to append. */
export interface NewEvent {
  readonly channel: string
  readonly event: string
  readonly payload: Payload
  readonly tag?: string | undefined
}

/** What a channel keeps, within what the log keeps. `none`: delivered, not kept, no offset. */
export type Retention = { readonly count?: number | undefined; readonly ageMs?: number | undefined } | 'none'

/** What an append depends on. */
export interface AppendOptions {
  /**
   * An idempotency key, already scoped to who sends; the log scopes it to the channel. The same key again within 10
   * minutes: the first answer, if `fingerprint` is the same, else `idempotency_mismatch`.
   */
  readonly key?: string | undefined
  /** Stands for the sender's bytes when a key comes again. Default: the event's name and payload. */
  readonly fingerprint?: string | undefined
  /** Append only if nothing newer than this stands in the channel, else `conflict` with the channel's position. */
  readonly after?: Position | undefined
  readonly retention?: Retention | undefined
}

/** What became of an append. */
export interface Appended {
  /** `null` on a channel that keeps nothing. */
  readonly offset: number | null
  readonly epoch: string
  readonly durability: Durability
  /** The key had been used: this is the first answer, and nothing was appended now. */
  readonly repeated: boolean
}

/** Where one channel of a read starts: after this offset, in the log's present epoch. */
export interface ReadFrom {
  readonly channel: string
  readonly after: number
}

/** What a page holds at most. */
export interface ReadLimits {
  /** Events at most, at least 1. */
  readonly events: number
  /** Payload bytes after which the page ends; the first event is always given. */
  readonly bytes: number
  /** Nothing above this offset. */
  readonly until?: number | undefined
}

/** Why a channel cannot be read from where it was asked: the log's own part of a reset. */
export interface Gap {
  readonly channel: string
  readonly reason: 'trimmed' | 'ahead'
  /** After this offset comes all that is kept of the channel. */
  readonly earliest: number
}

/** One stretch of a log over the channels asked for. */
export interface LogPage {
  /** In offset order over all channels asked for; none of a channel in `gaps`. */
  readonly events: readonly StoredEvent[]
  /** Everything of the channels asked for up to here is in this page, or was before it. */
  readonly reached: number
  /** Whether there is more up to `until` (or the head). */
  readonly more: boolean
  readonly gaps: readonly Gap[]
  /** The log's head when the page was read: where a channel with a gap goes on. */
  readonly head: number
}

/** Where a log stands. */
export interface LogHead {
  readonly epoch: string
  /** The newest offset in the log; 0 when it never held one. */
  readonly offset: number
}

/** Where one channel of a log stands. */
export interface ChannelHead extends LogHead {
  /** The newest offset of the channel: what an expected position is compared with. */
  readonly last: number
  /** After this offset comes all that is kept. */
  readonly earliest: number
  /** After this offset come the newest events asked for by `last`. */
  readonly newest: number
}

/** What a log tells the hub, in the order of the log. */
export interface FeedSink {
  event(event: StoredEvent): void
  /**
   * Every reader has to come back: the log lost or may have lost events that were seen, so a new epoch begins and every
   * position is void; or (`undefined`) this feed missed events that the log no longer has. Called before any answer of
   * the log that is of the new epoch. Every channel has to be watched again.
   */
  epoch(epoch: string | undefined): void
  /** The log is out of reach (`true`) or was healed. Readers keep their streams: what they missed comes afterwards. */
  unavailable(lost: boolean): void
}

/** The one feed of a log in a process, in offset order over all channels that are watched. */
export interface Feed {
  /**
   * Starts giving a channel's events to the sink. Answers an offset: every event of the channel after it comes to the
   * sink; some at or below it may, too. Watching twice is watching once.
   */
  watch(channel: string): number | Promise<number>
  unwatch(channel: string): void
  /** Every event of the watched channels up to here has been given to the sink. */
  readonly position: number
}

/**
 * An ordered history of events over many channels. What every implementation promises, each point a conformance case:
 *
 * 1. An event is visible to `read` and to the feed only when it is as durable as the answer to its append says.
 * 2. The offset is allocated inside the append. Order of offset = order of visibility = order of the feed.
 * 3. One feed per log and process. A hole in what reached it is read from the log before anything newer is passed on.
 * 4. The epoch is random, made once with the log. Trimming, expiring or forgetting a channel changes no epoch and frees
 *    no offset. The epoch changes where acknowledged events may be gone, before the next append is accepted.
 * 5. Every stored event holds `prev`; a channel's last offset outlives its events. A read after P reports a gap when
 *    the first event has `prev` > P, or none is left and the channel's last > P. A channel may be forgotten only by
 *    raising the log's `floor` to at least its last; a channel without a record counts as one whose last is `floor`.
 *    A false alarm is allowed, silence is not.
 * 6. Before a position is called `ahead` or `trimmed`, the log's own head is asked.
 * 7. Reading never writes.
 */
export interface ChannelLog {
  /** How durable an event is when its append is answered. */
  readonly durability: Durability
  /**
   * Appends one event. Throws `conflict`, `idempotency_mismatch`, `storage_full`, `unavailable`, `busy`: then nothing
   * was appended, but for `unavailable`, whose outcome may be unknown (try again with the key).
   */
  append(event: NewEvent, options?: AppendOptions): Promise<Appended>
  /** Only of a log that has nothing to wait for: the same, answered at once; throws what `append` rejects with. */
  appendNow?(event: NewEvent, options?: AppendOptions): Appended
  /** Reads one page. The cost is that of what is read, not of what is kept. */
  read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage>
  /** Where the log stands. */
  head(signal?: AbortSignal): Promise<LogHead>
  /** Where one channel stands, and after which offset its newest `last` events come (0 by default: none). */
  channelHead(channel: string, last?: number, signal?: AbortSignal): Promise<ChannelHead>
  /** Starts the feed. Called once. */
  follow(sink: FeedSink): Feed
  close(): Promise<void>
}
