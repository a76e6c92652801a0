import type { NewEvent, Retention, StoredEvent } from '../../hub/channel-log.ts'
import { Heap, type Heaped } from '../heap.ts'
import { Queue } from '../queue.ts'
import { type Linked, LinkedList } from './linked-list.ts'
import { ownPayload, ownText } from './own-copy.ts'

/** What a log keeps at most. */
export interface KeepLimits {
  readonly events: number
  /** Memory, in bytes. */
  readonly bytes: number
  readonly ageMs: number
  /** Records of channels of which nothing is kept. */
  readonly channels: number
}

/** An event that has an offset. */
export type KeptEvent = StoredEvent & { readonly offset: number }

interface Entry extends Linked<Entry> {
  readonly event: KeptEvent
  readonly channel: ChannelRecord
  readonly bytes: number
}

/** What is known of a channel: its last offset, and its events that are still kept, without a hole between them. */
interface ChannelRecord extends Linked<ChannelRecord>, Heaped {
  readonly name: string
  last: number
  readonly entries: Queue<Entry>
  ageMs: number
}

/** The retention of a channel whose events are kept at all. */
export type KeepRetention = Exclude<Retention, 'none'>

/** What keeping one event, or one channel that has events, takes beside the payload (measured, rounded up). */
const eventBytes = 200
const channelBytes = 400

/**
 * The events of all channels in memory, and the trimming of them. Every event is in two lists, its channel's and the
 * log's, so that the oldest of either goes in one step.
 */
export class KeptEvents {
  readonly #limits: KeepLimits
  readonly #channels = new Map<string, ChannelRecord>()
  readonly #all = new LinkedList<Entry>()
  /** Channels of which nothing is kept, the longest empty first. */
  readonly #empty = new LinkedList<ChannelRecord>()
  /** Channels with an age of their own, ranked by a time at which nothing of them has yet expired before. */
  readonly #aging = new Heap<ChannelRecord>()
  #bytes = 0
  #head = 0
  #floor = 0

  constructor(limits: KeepLimits) {
    this.#limits = limits
  }

  /** The newest offset that was given; 0 when none was. */
  get head(): number {
    return this.#head
  }

  /** How many channels have a record. */
  get channels(): number {
    return this.#channels.size
  }

  /** How many events are kept. */
  get events(): number {
    return this.#all.length
  }

  /** The newest offset of a channel; of a channel without a record, one that none of its events was above. */
  last(channel: string): number {
    return this.#channels.get(channel)?.last ?? this.#floor
  }

  /** The offset after which all that is kept of a channel comes. */
  earliest(channel: string): number {
    return this.at(channel, 0)?.prev ?? this.last(channel)
  }

  /** How many events of a channel are kept. */
  count(channel: string): number {
    return this.#channels.get(channel)?.entries.length ?? 0
  }

  /** A channel's kept event at `index`, from its oldest; `undefined` beyond them. */
  at(channel: string, index: number): KeptEvent | undefined {
    return this.#channels.get(channel)?.entries.at(index)?.event
  }

  /** Gives an event the next offset, keeps it, and lets go of what this makes too much. */
  add(event: NewEvent, time: number, retention: KeepRetention): KeptEvent {
    const record = this.#channels.get(event.channel) ?? this.#open(event.channel)
    const { payload, bytes } = ownPayload(event.payload)
    const kept: KeptEvent = {
      channel: record.name,
      offset: ++this.#head,
      prev: record.last,
      event: event.event,
      payload,
      time,
      tag: event.tag,
    }
    this.#keep({
      event: kept,
      channel: record,
      bytes: bytes + eventBytes,
      previous: undefined,
      next: undefined,
    })
    this.#trim(record, retention, time)
    return kept
  }

  /** Lets go of what is too old. */
  expire(now: number): void {
    const oldest = now - this.#limits.ageMs
    for (let entry = this.#all.first; entry && entry.event.time <= oldest; entry = this.#all.first) {
      this.#drop(entry.channel)
    }
    for (let record = this.#aging.first; record && record.rank <= now; record = this.#aging.first) {
      while (expiry(record) <= now) this.#drop(record)
      this.#age(record)
    }
  }

  /** A time before which nothing more expires, in milliseconds since the epoch; `Infinity` when nothing can. */
  get nextExpiry(): number {
    const oldest = this.#all.first
    return Math.min(
      oldest ? oldest.event.time + this.#limits.ageMs : Number.POSITIVE_INFINITY,
      this.#aging.first?.rank ?? Number.POSITIVE_INFINITY,
    )
  }

  #open(name: string): ChannelRecord {
    const record: ChannelRecord = {
      name: ownText(name),
      last: this.#floor,
      entries: new Queue(),
      ageMs: Number.POSITIVE_INFINITY,
      rank: 0,
      place: -1,
      previous: undefined,
      next: undefined,
    }
    this.#channels.set(record.name, record)
    this.#empty.push(record)
    return record
  }

  #keep(entry: Entry): void {
    const record = entry.channel
    if (record.entries.length === 0) {
      this.#empty.remove(record)
      this.#bytes += channelBytes
    }
    record.last = entry.event.offset
    record.entries.push(entry)
    this.#all.push(entry)
    this.#bytes += entry.bytes
  }

  /** What a channel keeps is what its latest append said; the newest event of the log stays, however large it is. */
  #trim(record: ChannelRecord, { count, ageMs }: KeepRetention, now: number): void {
    while (record.entries.length > (count ?? Number.POSITIVE_INFINITY)) this.#drop(record)
    record.ageMs = ageMs ?? Number.POSITIVE_INFINITY
    while (expiry(record) <= now) this.#drop(record)
    this.#age(record)
    const { events, bytes } = this.#limits
    while (this.#all.length > events || (this.#bytes > bytes && this.#all.length > 1)) {
      this.#drop(this.#all.first!.channel)
    }
  }

  #drop(record: ChannelRecord): void {
    const entry = record.entries.shift()!
    this.#all.remove(entry)
    this.#bytes -= entry.bytes
    if (record.entries.length > 0) return
    this.#bytes -= channelBytes
    this.#aging.remove(record)
    this.#empty.push(record)
    if (this.#empty.length > this.#limits.channels) this.#forget(this.#empty.first!)
  }

  /** Nothing may be forgotten silently: from now on a channel without a record counts as one that went this far. */
  #forget(record: ChannelRecord): void {
    this.#empty.remove(record)
    this.#channels.delete(record.name)
    this.#floor = Math.max(this.#floor, record.last)
  }

  /** Puts a channel where the age of its oldest event belongs. */
  #age(record: ChannelRecord): void {
    const rank = expiry(record)
    if (rank === Number.POSITIVE_INFINITY) {
      this.#aging.remove(record)
      return
    }
    record.rank = rank
    if (record.place === -1) this.#aging.add(record)
    else this.#aging.moved(record)
  }
}

/** When the oldest event of a channel is too old by the channel's own retention. */
function expiry(record: ChannelRecord): number {
  const oldest = record.entries.first
  return oldest ? oldest.event.time + record.ageMs : Number.POSITIVE_INFINITY
}
