import type { Feed, FeedSink, StoredEvent } from '../hub/channel-log.ts'
import { Queue } from './queue.ts'
import { throwLater } from './throw-later.ts'

/** The feed of a log that belongs to this process: the log gives each event, in its order, when it is as durable as it gets. */
export class LocalFeed implements Feed {
  readonly #sink: FeedSink
  readonly #head: () => number
  readonly #watched = new Set<string>()
  readonly #waiting = new Queue<StoredEvent>()
  #giving = false
  #position: number

  /** `head` tells the newest offset of the log. */
  constructor(sink: FeedSink, head: () => number) {
    this.#sink = sink
    this.#head = head
    this.#position = head()
  }

  get position(): number {
    return this.#position
  }

  watch(channel: string): number {
    this.#watched.add(channel)
    return this.#head()
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel)
  }

  /** Gives an event to the sink. One that a sink appends while it is given another waits its turn. */
  give(event: StoredEvent): void {
    if (this.#giving) {
      this.#waiting.push(event)
      return
    }
    this.#giving = true
    for (let next: StoredEvent | undefined = event; next; next = this.#waiting.shift()) {
      if (this.#watched.has(next.channel)) this.#tell(next)
      this.#position = next.offset ?? this.#position
    }
    this.#giving = false
  }

  /** The event is in the log whatever its reader does: a sink that throws must not make its append fail. */
  #tell(event: StoredEvent): void {
    try {
      this.#sink.event(event)
    } catch (error) {
      throwLater(error)
    }
  }
}
