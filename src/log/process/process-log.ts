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
import { type Durability, FairleadError } from '../../protocol/index.ts'
import { ownPayload } from '../memory/own-copy.ts'
import { ownEvent } from './messages.ts'
import type { PrimaryClient } from './primary-client.ts'
import { ProcessFeed } from './process-feed.ts'

/** The log of the primary process, as a worker uses it. */
export class ProcessLog implements ChannelLog {
  readonly #primary: PrimaryClient
  #feed: ProcessFeed | undefined
  #closed = false

  constructor(primary: PrimaryClient) {
    this.#primary = primary
  }

  /** That of the primary's log: known from its first answer on, `memory` before. */
  get durability(): Durability {
    return this.#primary.durability
  }

  async append(event: NewEvent, options?: AppendOptions): Promise<Appended> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'append', event: ofThisMoment(event), options })
  }

  async read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    this.#assertOpen()
    const page = await this.#primary.ask<LogPage>({ op: 'read', from, bounds }, signal)
    return { ...page, events: page.events.map(ownEvent) }
  }

  async head(signal?: AbortSignal): Promise<LogHead> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'head' }, signal)
  }

  async channelHead(channel: string, last = 0, signal?: AbortSignal): Promise<ChannelHead> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'channelHead', channel, last }, signal)
  }

  follow(sink: FeedSink): Feed {
    if (this.#feed) throw new Error('A log has one feed: follow was called before.')
    this.#feed = new ProcessFeed(sink, this.#primary)
    return this.#feed
  }

  /** Closes the worker's view of the log; the log itself is the primary's to close. */
  async close(): Promise<void> {
    this.#closed = true
    this.#feed?.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new FairleadError('unavailable', 'The log is closed.')
  }
}

/** An event is sent at the end of the turn; its bytes are those of this moment. */
function ofThisMoment(event: NewEvent): NewEvent {
  return typeof event.payload === 'string' ? event : { ...event, payload: ownPayload(event.payload).payload }
}
