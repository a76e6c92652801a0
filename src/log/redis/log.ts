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
import type { Durability } from '../../protocol/index.ts'
import { type WakeUp, wakeUp } from '../wake-up.ts'
import { Appends, wordOf } from './appends.ts'
import { RedisFeed } from './feed.ts'
import { closed } from './line.ts'
import { readPage } from './page.ts'
import { type Place, placeOf } from './place.ts'
import type { Reply } from './reply.ts'
import { type RedisLogOptions, type Settings, settingsOf } from './settings.ts'
import { Store, scripts } from './store.ts'

/** A failed letting go is tried again after so long, in milliseconds. */
const trimAgainMs = 5_000
/** Between two steps of letting go, in milliseconds. */
const trimPauseMs = 10

/** One log on Redis as this process sees it. */
export class RedisLog implements ChannelLog {
  readonly #place: Place
  readonly #settings: Settings
  readonly #store: Store
  readonly #appends: Appends
  readonly #trimming: WakeUp
  #feed: RedisFeed | undefined
  #closed = false

  constructor(options: RedisLogOptions) {
    this.#settings = settingsOf(options)
    this.#place = placeOf(options)
    this.#store = new Store(this.#place, this.#settings, {
      begun: ({ epoch, offset }) => this.#feed?.begin(epoch, offset),
      reached: (run) => {
        this.#feed?.follow(run)
        // Only once the connection counts as one.
        setImmediate(() => this.#feed?.away(false))
        this.#trimming.by(0)
      },
      lost: () => this.#feed?.away(true),
    })
    this.#appends = new Appends(this.#store, this.#settings)
    this.#trimming = wakeUp(this.#settings.clock, () => void this.#trim())
  }

  get durability(): Durability {
    return this.#store.durability
  }

  async append(event: NewEvent, options: AppendOptions = {}): Promise<Appended> {
    const answer = await this.#appends.append(event, options)
    const { retention } = options
    if (retention !== 'none')
      this.#trimmedWithin(Math.min(retention?.ageMs ?? this.#settings.ageMs, this.#settings.ageMs))
    return answer
  }

  async read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    this.#assertOpen(signal)
    const { epoch } = this.#store
    const read = async (
      part: readonly ReadFrom[],
      until: number | undefined,
      limits: { events: number; bytes: number },
    ) => {
      const args = [wordOf(until ?? Number.POSITIVE_INFINITY), wordOf(limits.events), wordOf(limits.bytes)]
      for (const { channel, after } of part) args.push(channel, wordOf(after))
      const [head, ...channels] = await this.#ask('read', args, signal, epoch)
      return { head: head as number, channels }
    }
    return readPage(read, from, bounds)
  }

  async head(signal?: AbortSignal): Promise<LogHead> {
    this.#assertOpen(signal)
    const [offset] = await this.#ask('stand', ['0'], signal)
    return { epoch: this.#store.epoch, offset: offset as number }
  }

  async channelHead(channel: string, last = 0, signal?: AbortSignal): Promise<ChannelHead> {
    this.#assertOpen(signal)
    const [offset, stand] = await this.#ask('stand', [wordOf(last), channel], signal)
    const [newest, earliest, start] = stand as readonly number[]
    return {
      epoch: this.#store.epoch,
      offset: offset as number,
      last: newest!,
      earliest: earliest!,
      newest: start!,
    }
  }

  follow(sink: FeedSink): Feed {
    if (this.#feed) throw new Error('A log has one feed: follow was called before.')
    this.#feed = new RedisFeed(
      this.#place,
      this.#settings,
      this.#store,
      (...args) => this.read(...args),
      sink,
    )
    return this.#feed
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#trimming.cancel()
    this.#appends.close()
    this.#feed?.close()
    this.#store.line.close()
  }

  async #ask(
    script: 'read' | 'stand',
    args: readonly string[],
    signal?: AbortSignal,
    epoch?: string,
  ): Promise<readonly Reply[]> {
    const answer = await this.#store.ask(scripts[script], args, signal, epoch)
    this.#assertOpen(signal)
    return answer
  }

  #assertOpen(signal?: AbortSignal): void {
    signal?.throwIfAborted()
    if (this.#closed) throw closed()
  }

  #trimmedWithin(ms: number): void {
    this.#trimming.by(this.#settings.clock.now() + ms)
  }

  /** Any server of the log lets go of what is too old, also of what others appended. */
  async #trim(): Promise<void> {
    if (this.#closed) return
    const { clock, events, bytes, channels, ageMs } = this.#settings
    const limits = [events, bytes, channels, ageMs].map(wordOf)
    try {
      let due = 0
      while (due === 0 && !this.#closed) {
        due = (await this.#store.ask(scripts.trim, limits))[1] as number
        // Others have their turn before the next thousand.
        if (due === 0) await new Promise<void>((resolve) => clock.after(trimPauseMs, resolve))
      }
      if (due > 0 && !this.#closed) this.#trimmedWithin(due)
    } catch {
      if (!this.#closed) this.#trimmedWithin(trimAgainMs)
    }
  }
}
