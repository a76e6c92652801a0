import type { Redis } from 'ioredis'
import type { ChannelLog, Feed, FeedSink } from '../../hub/channel-log.ts'
import { AnnouncedFeed } from '../announced-feed.ts'
import { throwLater } from '../throw-later.ts'
import { announcedEvents } from './entry.ts'
import { Line } from './line.ts'
import type { Place } from './place.ts'
import { textOf } from './reply.ts'
import { parseInfo } from './server-info.ts'
import type { Settings } from './settings.ts'
import { type Store, scripts } from './store.ts'

/** Channels subscribed to in one command. */
const atOnce = 1_000

/** The feed of a log on Redis: one connection that is subscribed to the channels that have readers. */
export class RedisFeed implements Feed {
  readonly #place: Place
  readonly #settings: Settings
  readonly #store: Store
  readonly #read: ChannelLog['read']
  readonly #sink: FeedSink
  readonly #line: Line
  /** Made when it is known where the log stands. */
  #feed: AnnouncedFeed | undefined
  #run = ''
  #away = false
  #closed = false

  constructor(place: Place, settings: Settings, store: Store, read: ChannelLog['read'], sink: FeedSink) {
    this.#place = place
    this.#settings = settings
    this.#store = store
    this.#read = read
    this.#sink = sink
    this.#line = new Line({
      dial: place.dial,
      clock: settings.clock,
      greet: (redis) => this.#greet(redis),
      lost: () => {
        this.#feed?.interrupt()
        this.away(true)
      },
    })
  }

  get position(): number {
    return this.#feed?.position ?? 0
  }

  async watch(channel: string): Promise<number> {
    return (this.#feed ?? (await this.#open())).watch(channel)
  }

  unwatch(channel: string): void {
    this.#feed?.unwatch(channel)
  }

  /** A new epoch began: every reader has to come back. */
  begin(epoch: string, position: number): void {
    if (this.#feed) this.#feed.begin(epoch, position)
    else this.#sink.epoch(epoch)
  }

  /** Tells the hub that the log is out of reach or healed; once each. */
  away(away: boolean): void {
    if (away === this.#away || this.#closed) return
    if (!away && !(this.#line.redis && this.#store.line.redis)) return
    this.#away = away
    this.#sink.unavailable(away)
  }

  /** Commands go to this process: what another announces is of no use. */
  follow(run: string): void {
    this.#line.hurry()
    if (this.#run !== '' && run !== this.#run) {
      this.#line.drop(this.#line.redis, new Error('it is connected to another server than the commands'))
    }
  }

  close(): void {
    this.#closed = true
    this.#line.close()
    this.#feed?.close()
  }

  async #open(): Promise<AnnouncedFeed> {
    const head = async () => {
      const [offset] = await this.#store.ask(scripts.stand, ['0'])
      return offset as number
    }
    const position = await head()
    // Several channels are watched at once, and there is one feed.
    if (this.#feed) return this.#feed
    const announcer = {
      subscribe: (channel: string) => this.#subscribe(channel),
      unsubscribe: (channel: string) => this.#unsubscribe(channel),
      head,
      newest: (channels: readonly string[]) => this.#newest(channels),
      read: this.#read,
      distrust: () => this.#distrust(),
    }
    this.#feed = new AnnouncedFeed(this.#sink, announcer, this.#settings.clock, position)
    return this.#feed
  }

  async #subscribe(channel: string): Promise<void> {
    const redis = await this.#line.ready(this.#settings.deadlineMs)
    await this.#on(redis, [this.#nameOf(channel)])
  }

  #unsubscribe(channel: string): void {
    const redis = this.#line.redis
    if (!redis) return
    const name = this.#nameOf(channel)
    const done = this.#place.cluster ? redis.sunsubscribe(name) : redis.unsubscribe(name)
    // A connection that is lost has no subscriptions.
    done.catch(() => {})
  }

  async #on(redis: Redis, names: readonly string[]): Promise<void> {
    if (this.#place.cluster) await redis.ssubscribe(...names)
    else await redis.subscribe(...names)
  }

  async #newest(channels: readonly string[]): Promise<number[]> {
    const [, ...answers] = await this.#store.ask(scripts.stand, ['-1', ...channels])
    return answers.map((answer) => (answer as readonly number[])[0]!)
  }

  #distrust(): void {
    this.#store.renew(this.#store.epoch).catch(() => {})
  }

  async #greet(redis: Redis): Promise<void> {
    this.#run = parseInfo(await redis.info('server')).get('run_id') ?? ''
    const commands = this.#store.line.redis
    if (commands && this.#store.run !== this.#run) {
      // Ours or theirs is the old one: both look anew.
      this.#store.line.drop(commands, new Error('the server was replaced'))
      throw new Error('it is connected to another server than the commands')
    }
    this.#store.line.hurry()
    redis.on(this.#place.cluster ? 'smessageBuffer' : 'messageBuffer', (name: Buffer, message: Buffer) =>
      this.#take(textOf(name), message),
    )
    const names = [
      `${this.#settings.prefix}e`,
      ...(this.#feed?.channels ?? []).map((name) => this.#nameOf(name)),
    ]
    for (let i = 0; i < names.length; i += atOnce) await this.#on(redis, names.slice(i, i + atOnce))
    // What was announced before is read; `resume` may not run before the connection counts as one.
    queueMicrotask(() => {
      this.#feed?.resume()
      setImmediate(() => this.away(false))
    })
  }

  #nameOf(channel: string): string {
    return `${this.#settings.prefix}e:${channel}`
  }

  #take(name: string, message: Buffer): void {
    if (this.#closed) return
    const noticed = `${this.#settings.prefix}e`
    try {
      if (name === noticed) return this.#doubt(message.toString())
      const { epoch, events } = announcedEvents(name.slice(noticed.length + 1), message)
      if (epoch !== this.#store.epoch) return this.#doubt(epoch)
      for (const event of events) {
        if (event.offset !== null) this.#store.saw(event.offset)
        this.#feed?.announce(event)
      }
    } catch (error) {
      throwLater(error)
    }
  }

  /** It may be of an epoch that is over: the primary is asked. */
  #doubt(epoch: string): void {
    this.#store.doubt(epoch).catch(() => {})
  }
}
