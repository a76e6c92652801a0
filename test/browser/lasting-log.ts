import type { ChannelLog, Feed, FeedSink } from '../../src/hub/channel-log.ts'
import { memoryLog } from '../../src/log/memory.ts'

/** A log that outlives the servers over it, as one on a disk does. One server at a time. */
export class LastingLog {
  readonly #kept = memoryLog()
  readonly #feed: Feed
  #sink: FeedSink | undefined

  constructor() {
    this.#feed = this.#kept.follow({
      event: (event) => this.#sink?.event(event),
      epoch: (epoch) => this.#sink?.epoch(epoch),
      unavailable: (lost) => this.#sink?.unavailable(lost),
    })
  }

  /** The log as one server sees it: closing it keeps what is in it. */
  open(): ChannelLog {
    const kept = this.#kept
    return {
      durability: kept.durability,
      append: (...args) => kept.append(...args),
      read: (...args) => kept.read(...args),
      head: (...args) => kept.head(...args),
      channelHead: (...args) => kept.channelHead(...args),
      follow: (sink) => {
        this.#sink = sink
        return this.#feed
      },
      close: async () => {
        this.#sink = undefined
      },
    }
  }

  close(): Promise<void> {
    return this.#kept.close()
  }
}
