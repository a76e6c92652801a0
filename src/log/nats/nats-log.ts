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
} from '../../hub/channel-log.ts'
import { type Clock, systemClock } from '../../hub/clock.ts'
import { type Durability, isFairleadError } from '../../protocol/index.ts'
import { AnnouncedFeed } from '../announced-feed.ts'
import { Announcements } from './announcements.ts'
import { Appender } from './appender.ts'
import { ChannelEnds } from './channel-end.ts'
import { Deadline, outOfReach } from './deadline.ts'
import { Expectations } from './expectation.ts'
import { inParallel } from './in-parallel.ts'
import { KeyRecords } from './keys.ts'
import { closed, NatsLink } from './link.ts'
import type { NatsLogOptions, NatsLogSettings } from './options.ts'
import { PageReader } from './page.ts'
import { Peers } from './peers.ts'
import { Sender } from './sender.ts'
import { type Look, Standing } from './standing.ts'
import { StreamApi } from './stream-api.ts'
import { keysName } from './stream-config.ts'
import { Subjects } from './subjects.ts'
import { Trimmer } from './trimmer.ts'

/** The log that `natsLog` opens. */
export class NatsLog implements ChannelLog {
  readonly durability: Durability
  readonly #settings: NatsLogSettings
  readonly #clock: Clock
  readonly #link: NatsLink
  readonly #api: StreamApi
  readonly #subjects: Subjects
  readonly #standing: Standing
  readonly #peers: Peers
  readonly #announcements: Announcements
  readonly #ends: ChannelEnds
  readonly #pages: PageReader
  readonly #keys: KeyRecords
  readonly #trimmer: Trimmer
  readonly #appender: Appender
  #feed: AnnouncedFeed | undefined
  #sink: FeedSink | undefined
  /** Announcements may have been missed. */
  #missed = false
  #watchesLeader = false
  #closed = false

  constructor(options: NatsLogOptions, settings: NatsLogSettings) {
    this.#settings = settings
    this.durability = durabilityOf(settings)
    this.#clock = options.clock ?? systemClock
    this.#subjects = new Subjects(settings.stream)
    this.#link = new NatsLink(options, { up: () => this.#up(), down: () => this.#down() }, this.#clock)
    this.#api = new StreamApi(this.#link)
    this.#standing = this.#makeStanding()
    this.#peers = new Peers(
      this.#link,
      this.#clock,
      this.#subjects.notices,
      this.#standing,
      (epoch, offset) => this.#heard(epoch, offset),
    )
    this.#announcements = this.#makeAnnouncements()
    this.#ends = new ChannelEnds(this.#link, this.#api, this.#subjects, settings, () => this.#clock.now())
    this.#pages = new PageReader(this.#link, this.#api, this.#ends, settings.stream)
    this.#keys = new KeyRecords(this.#api, this.#subjects, keysName(settings), () => this.#deadline())
    const expectations = new Expectations(this.#link, this.#api, this.#standing, settings)
    this.#trimmer = this.#makeTrimmer(expectations)
    this.#appender = this.#makeAppender(expectations)
  }

  append(event: NewEvent, options: AppendOptions = {}): Promise<Appended> {
    return this.#call(undefined, (deadline) => this.#appender.append(event, options, deadline))
  }

  read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    return this.#look(signal, (look, deadline) => this.#pages.read(from, bounds, look, deadline))
  }

  head(signal?: AbortSignal): Promise<LogHead> {
    return this.#look(signal, async ({ epoch, head }) => ({ epoch, offset: head }))
  }

  channelHead(channel: string, last = 0, signal?: AbortSignal): Promise<ChannelHead> {
    return this.#look(signal, async (look, deadline) => {
      const end = await this.#ends.end(channel, look, deadline)
      const [earliest, before] = await Promise.all([
        this.#ends.earliest(end, look, deadline),
        this.#ends.before(end, last, look, deadline),
      ])
      const { epoch, head } = look
      return { epoch, offset: head, last: end.offset, earliest, newest: Math.max(earliest, before) }
    })
  }

  follow(sink: FeedSink): Feed {
    if (this.#feed) throw new Error('A log has one feed: follow was called before.')
    this.#sink = sink
    this.#feed = new AnnouncedFeed(
      sink,
      {
        subscribe: (channel) => this.#announcements.subscribe(channel, this.#deadline()),
        unsubscribe: (channel) => this.#announcements.unsubscribe(channel),
        head: async () => (await this.head()).offset,
        newest: (channels) => this.#newest(channels),
        read: (from, bounds) => this.read(from, bounds),
        distrust: () => void this.#distrust(),
      },
      this.#clock,
      0,
    )
    return this.#feed
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#feed?.close()
    this.#peers.close()
    this.#announcements.close()
    // Out of reach there is nothing to wait for.
    if (this.#link.isUp) await Promise.all([this.#keys.settled(), this.#trimmer.settled()])
    await this.#link.close()
  }

  #makeStanding(): Standing {
    return new Standing(this.#settings, this.#subjects, this.#api, this.#clock, {
      epoch: (epoch, head) => {
        this.#announcements.from(head)
        this.#feed?.begin(epoch, head)
      },
      doubted: () => this.#peers.ask(),
      gathered: () => this.#peers.gathered(),
    })
  }

  #makeAnnouncements(): Announcements {
    return new Announcements(this.#link, this.#subjects, this.#standing, this.#settings, this.#clock, {
      announce: (event) => this.#feed?.announce(event),
      otherEpoch: () => this.#doubtEpoch(),
      missed: () => this.#feed?.resume(),
    })
  }

  #makeTrimmer(expectations: Expectations): Trimmer {
    const { stream } = this.#settings
    const deadline = () => this.#deadline()
    return new Trimmer(this.#api, this.#subjects, this.#standing, this.#ends, expectations, stream, deadline)
  }

  #makeAppender(expectations: Expectations): Appender {
    return new Appender({
      link: this.#link,
      api: this.#api,
      subjects: this.#subjects,
      standing: this.#standing,
      sender: new Sender(this.#api, this.#standing),
      keys: this.#keys,
      trimmer: this.#trimmer,
      expectations,
      clock: this.#clock,
      durability: this.durability,
      stream: this.#settings.stream,
      keysStream: keysName(this.#settings),
    })
  }

  #deadline(): Deadline {
    return new Deadline(this.#clock, this.#settings.timeoutMs)
  }

  /** Every call has a deadline, and throws no error but ours. */
  async #call<T>(signal: AbortSignal | undefined, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    if (this.#closed) throw closed()
    const deadline = this.#deadline()
    try {
      return await deadline.race(work(deadline))
    } catch (error) {
      if (isFairleadError(error)) throw error
      throw outOfReach(error)
    }
  }

  async #look<T>(
    signal: AbortSignal | undefined,
    work: (look: Look, deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    return this.#call(signal, async (deadline) => work(await this.#standing.look(deadline), deadline))
  }

  /** Another server tells how far it saw the log. */
  #heard(epoch: string, offset: number): void {
    if (epoch === this.#standing.epoch) this.#standing.saw(offset)
    else this.#doubtEpoch()
  }

  /** Someone knows another epoch: the stream says which one stands. */
  #doubtEpoch(): void {
    if (this.#closed) return
    this.#standing.doubt()
    void this.#recover()
  }

  async #newest(channels: readonly string[]): Promise<readonly number[]> {
    return this.#look(undefined, (look, deadline) => {
      return inParallel(channels, async (channel) => (await this.#ends.end(channel, look, deadline)).offset)
    })
  }

  async #distrust(): Promise<void> {
    const epoch = this.#standing.epoch
    if (epoch === undefined) return
    await this.#call(undefined, (deadline) => this.#standing.renew(epoch, deadline)).catch(() => {})
  }

  /** With a new leader announcements of the old one may be lost. */
  #watchLeader(): void {
    const elected = `$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${this.#settings.stream}`
    this.#link.subscribe(elected, () => {
      this.#standing.doubt()
      this.#missed = true
      void this.#recover()
    })
  }

  #up(): void {
    if (!this.#watchesLeader) {
      this.#watchLeader()
      warnOfOldCluster(this.#settings, this.#link)
    }
    this.#watchesLeader = true
    this.#announcements.up()
    this.#peers.up()
    this.#sink?.unavailable(false)
    void this.#recover()
  }

  #down(): void {
    this.#standing.doubt()
    this.#missed = true
    this.#feed?.interrupt()
    if (!this.#closed) this.#sink?.unavailable(true)
  }

  /** The stream is looked at before the feed goes on. */
  async #recover(): Promise<void> {
    while (!this.#closed && this.#link.isUp) {
      try {
        await this.#standing.ready(this.#deadline())
        if (this.#missed) {
          this.#announcements.from(this.#standing.known)
          this.#feed?.resume()
        }
        this.#missed = false
        return
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(250, resolve))
      }
    }
  }
}

/** Seen on 2.9.10: after the loss of a leader under appends with keys it gave a few offsets a second time. */
function warnOfOldCluster({ replicas }: NatsLogSettings, link: NatsLink): void {
  if (replicas === 1 || link.isAtLeast(2, 10)) return
  process.emitWarning(
    'A stream with replicas on a nats-server before 2.10 may use offsets twice after it lost its leader: use a newer server.',
    { code: 'FAIRLEAD_OLD_NATS_CLUSTER' },
  )
}

function durabilityOf({ storage, replicas }: NatsLogSettings): Durability {
  if (storage === 'memory') return 'memory'
  return replicas >= 3 ? 'replicated' : 'os'
}
