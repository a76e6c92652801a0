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
} from '../hub/channel-log.ts'
import { type Clock, systemClock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'
import { keyedAppend } from './keyed-append.ts'
import { LogAge } from './lmdb/ages.ts'
import { backUp } from './lmdb/back-up.ts'
import { Committer } from './lmdb/committer.ts'
import { LastingKeys } from './lmdb/keys.ts'
import { type KeepLimits, Ledger } from './lmdb/ledger.ts'
import { type Opened, openFolder } from './lmdb/opening.ts'
import { Reader } from './lmdb/reader.ts'
import { LocalFeed } from './local-feed.ts'
import { assertSoleProcess } from './sole-process.ts'

/** Where an LMDB log is, and what it keeps at most; whichever bound is met first counts. Each may be `Infinity`. */
export interface LmdbLogOptions {
  /** A folder on a disk of this machine (not of a network); made if it is not there. */
  readonly path: string
  /** Events in all. @default no bound but `bytes` */
  readonly events?: number | undefined
  /**
   * What the kept events take in the file, in bytes: payload, name, tag, twice the channel's name, and 100 beside. The
   * file itself may be half as large again, and never shrinks: what is let go of is used again. @default 1 GiB
   */
  readonly bytes?: number | undefined
  /** Age of an event, in milliseconds. @default 24 hours */
  readonly ageMs?: number | undefined
  /** Channels of which nothing is kept but how far they went; beyond it one is forgotten. @default 10,000 */
  readonly channels?: number | undefined
  /**
   * Idempotency keys remembered at a time, each for 10 minutes and in about 250 bytes of memory; beyond it an append
   * with a new key is refused with `busy`. @default 1,000,000
   */
  readonly keys?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/** A log in a file of LMDB. */
export interface LmdbLog extends ChannelLog {
  /**
   * Copies the log, as it is at this moment and while it goes on, into a folder, which is made and must not hold one
   * yet. The copy is put back by moving it to where the log was; it begins a new epoch then.
   */
  backup(path: string): Promise<void>
}

/**
 * A log on a disk of this machine: an append is answered, and shown to readers, when it is on disk. It belongs to this
 * process: opening it while another one has it open throws `unavailable`, as does a file that is damaged or was written
 * by a newer version. Needs the package `lmdb`.
 */
export function lmdbLog(options: LmdbLogOptions): LmdbLog {
  assertSoleProcess('lmdbLog')
  const limits: KeepLimits = {
    events: bound('events', options.events, Number.POSITIVE_INFINITY),
    bytes: bound('bytes', options.bytes, 1024 ** 3),
    ageMs: bound('ageMs', options.ageMs, 24 * 60 * 60_000),
    channels: bound('channels', options.channels, 10_000),
  }
  const keys = bound('keys', options.keys, 1_000_000)
  return new FolderLog(options.path, limits, keys, options.clock ?? systemClock)
}

/** LMDB's keys are bounded, and a channel's name is part of one. */
const longestChannel = 1_024

class FolderLog implements LmdbLog {
  readonly durability = 'disk'
  readonly #opened: Opened
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #committer: Committer
  readonly #reader: Reader
  #feed: LocalFeed | undefined
  #sink: FeedSink | undefined
  #closing: Promise<void> | undefined

  constructor(path: string, limits: KeepLimits, keys: number, clock: Clock) {
    this.#clock = clock
    this.#opened = openFolder(path, clock)
    const { store, state } = this.#opened
    this.#ledger = new Ledger(store, state, limits)
    const age = new LogAge(store, limits.ageMs)
    this.#reader = new Reader(store, age)
    try {
      this.#committer = new Committer(this.#ledger, new LastingKeys(this.#ledger, keys), age, clock, {
        event: (event) => this.#closing ?? this.#feed?.give(event),
        unavailable: (lost) => this.#sink?.unavailable(lost),
      })
    } catch (error) {
      this.#opened.abandon()
      throw error
    }
  }

  append(event: NewEvent, options: AppendOptions = {}): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (Buffer.byteLength(event.channel) > longestChannel) {
        throw new FairleadError('invalid_channel', `A channel's name has up to ${longestChannel} bytes here.`)
      }
      const { retention = {}, after } = options
      const keyed = keyedAppend(event, options)
      this.#committer.add({ event: ownCopy(event), keyed, after, retention, resolve, reject })
    })
  }

  async read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    this.#assertOpen(signal)
    // Reading waits for nothing, so a reader in a loop would keep a commit from ever beginning.
    if (this.#committer.busy) await new Promise((resolve) => setImmediate(resolve))
    this.#assertOpen(signal)
    return this.#reader.page(from, bounds, this.#clock.now())
  }

  async head(signal?: AbortSignal): Promise<LogHead> {
    this.#assertOpen(signal)
    const { epoch, head } = this.#reader.state()
    return { epoch, offset: head }
  }

  async channelHead(channel: string, last = 0, signal?: AbortSignal): Promise<ChannelHead> {
    this.#assertOpen(signal)
    return this.#reader.channelHead(channel, last, this.#clock.now())
  }

  follow(sink: FeedSink): Feed {
    if (this.#feed) throw new Error('A log has one feed: follow was called before.')
    this.#sink = sink
    this.#feed = new LocalFeed(sink, () => this.#ledger.durableHead)
    return this.#feed
  }

  async backup(path: string): Promise<void> {
    this.#assertOpen()
    await backUp(this.#opened.store, path)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const written = !this.#committer.failed
    await this.#committer.close()
    await this.#opened.close(written)
  }

  #assertOpen(signal?: AbortSignal): void {
    signal?.throwIfAborted()
    if (this.#closing !== undefined) throw new FairleadError('unavailable', 'The log is closed.')
  }
}

/** Bytes may be a view of a buffer that the caller fills again before they are written. */
function ownCopy({ channel, event, payload, tag }: NewEvent): NewEvent {
  return { channel, event, payload: typeof payload === 'string' ? payload : new Uint8Array(payload), tag }
}

function bound(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard
  if (value >= 0) return value
  throw new RangeError(`lmdbLog: ${name} is a number from 0, not ${value}.`)
}
