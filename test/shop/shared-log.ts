import type { ChannelLog, FeedSink, StoredEvent } from '../../src/hub/channel-log.ts'
import { type MemoryLogOptions, memoryLog } from '../../src/log/memory.ts'

/** One log that several servers of this process are on, each by a feed of its own, as Redis or NATS is one. */
export class SharedLog {
  readonly #options: MemoryLogOptions
  readonly #sinks = new Map<FeedSink, Set<string>>()
  #kept: ChannelLog
  #position = () => 0

  constructor(options: MemoryLogOptions = {}) {
    this.#options = options
    this.#kept = this.#begin()
  }

  /** The log as one server sees it: closing it keeps what is in it. */
  open(): ChannelLog {
    let own: FeedSink | undefined
    return {
      durability: this.#kept.durability,
      append: (...args) => this.#kept.append(...args),
      read: (...args) => this.#kept.read(...args),
      head: (...args) => this.#kept.head(...args),
      channelHead: (...args) => this.#kept.channelHead(...args),
      follow: (sink) => {
        own = sink
        const watched = new Set<string>()
        this.#sinks.set(sink, watched)
        const position = () => this.#position()
        return {
          watch(channel) {
            watched.add(channel)
            return position()
          },
          unwatch: (channel) => void watched.delete(channel),
          get position() {
            return position()
          },
        }
      },
      close: async () => {
        if (own) this.#sinks.delete(own)
      },
    }
  }

  /** Loses all that is in it, as a Redis without persistence that is started again: a new epoch begins. */
  async lose(): Promise<void> {
    const before = this.#kept
    this.#kept = this.#begin()
    const { epoch } = await this.#kept.head()
    for (const [sink, watched] of this.#sinks) {
      watched.clear()
      sink.epoch(epoch)
    }
    await before.close()
  }

  #begin(): ChannelLog {
    const log = memoryLog(this.#options)
    const feed = log.follow({
      event: (event) => this.#give(event),
      epoch: () => {},
      unavailable: () => {},
    })
    this.#position = () => feed.position
    // A feed gives what is watched.
    const append = log.append.bind(log)
    log.append = async (event, options) => {
      await feed.watch(event.channel)
      return append(event, options)
    }
    return log
  }

  #give(event: StoredEvent): void {
    for (const [sink, watched] of this.#sinks) if (watched.has(event.channel)) sink.event(event)
  }
}
