import type { Feed, FeedSink, StoredEvent } from '../../hub/channel-log.ts'
import { FairleadError } from '../../protocol/index.ts'
import { throwLater } from '../throw-later.ts'
import { ownEvent, type PrimaryItem } from './messages.ts'
import type { PrimaryClient, PrimaryEvents } from './primary-client.ts'

/** The feed of a worker: what the primary's feed gives of the channels that this worker watches, in the same order. */
export class ProcessFeed implements Feed, PrimaryEvents {
  readonly #sink: FeedSink
  readonly #primary: PrimaryClient
  readonly #watched = new Set<string>()
  #position: number
  /** Counts how often everything began anew: an answer to a question of before is not used. */
  #era = 0
  #closed = false

  constructor(sink: FeedSink, primary: PrimaryClient) {
    this.#sink = sink
    this.#primary = primary
    this.#position = primary.position
    primary.listen(this)
  }

  get position(): number {
    return this.#position
  }

  async watch(channel: string): Promise<number> {
    this.#watched.add(channel)
    const era = this.#era
    const since = await this.#primary.ask<number>({ op: 'watch', channel })
    if (era === this.#era) return since
    throw new FairleadError('unavailable', 'The log began anew meanwhile: try again.')
  }

  unwatch(channel: string): void {
    if (this.#watched.delete(channel)) this.#primary.tell({ unwatch: channel })
  }

  item(item: PrimaryItem): void {
    if (this.#closed) return
    if ('event' in item) this.#give(item.event)
    else if ('lost' in item) this.#sink.unavailable(item.lost)
    else if ('restart' in item) this.#restart(item.restart)
  }

  /** Comes after what stands in the same message. */
  moved(position: number): void {
    this.#position = Math.max(this.#position, position)
  }

  close(): void {
    for (const channel of [...this.#watched]) this.unwatch(channel)
    this.#closed = true
  }

  /** What was on its way when its channel was let go is not given. */
  #give(event: StoredEvent): void {
    if (!this.#watched.has(event.channel)) return
    this.#tell(ownEvent(event))
    this.#position = Math.max(this.#position, event.offset ?? 0)
  }

  #restart(epoch: string | undefined): void {
    this.#era++
    // A new epoch may count from anywhere. The position of this very message follows.
    this.#position = 0
    for (const channel of [...this.#watched]) this.unwatch(channel)
    this.#sink.epoch(epoch)
  }

  /** A sink that throws must not make the feed stop. */
  #tell(event: StoredEvent): void {
    try {
      this.#sink.event(event)
    } catch (error) {
      throwLater(error)
    }
  }
}
