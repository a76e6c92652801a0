import type { Heaped } from '../heap.ts'
import { offsetsFrom } from './channel-index.ts'
import { damaged } from './damage.ts'
import { decodeEvent, type KeptEvent } from './format.ts'
import type { ChannelView } from './reader.ts'
import type { Store } from './store.ts'

/** The most offsets of a channel that are looked up at a time. */
const mostAtOnce = 1_000

/**
 * Goes through a channel's events after an offset, in order. Each names the one before it, so that an event that the
 * file has lost is noticed, and not passed over.
 */
export class ChannelCursor implements Heaped {
  rank = 0
  place = -1
  /** The event after the start, whatever was before it; `undefined` when there is none. */
  readonly first: KeptEvent | undefined
  readonly #store: Store
  readonly #view: ChannelView
  #offsets: readonly number[] = []
  #at = 0
  #next: KeptEvent | undefined
  #atOnce: number

  /** `about` events are likely to be wanted. */
  constructor(store: Store, view: ChannelView, after: number, about: number) {
    this.#store = store
    this.#view = view
    this.#atOnce = Math.min(about, mostAtOnce)
    this.#lookUp(Math.max(after, view.expired) + 1)
    this.first = this.#load()
    this.#take(this.first)
  }

  /** The event that is next. */
  get event(): KeptEvent | undefined {
    return this.#next
  }

  advance(): void {
    const before = this.#next!
    if (this.#at === this.#offsets.length) this.#lookUp(before.offset + 1)
    const next = this.#load()
    const whole = next ? next.prev === before.offset : before.offset === this.#view.last
    if (!whole) throw damaged(`what comes after event ${before.offset}`)
    this.#take(next)
  }

  #take(event: KeptEvent | undefined): void {
    this.#next = event
    this.rank = event?.offset ?? Number.POSITIVE_INFINITY
  }

  #load(): KeptEvent | undefined {
    const offset = this.#offsets[this.#at++]
    if (offset === undefined) return undefined
    const value = this.#store.events.get(offset)
    const event = value && decodeEvent(value, offset)
    if (event?.channel !== this.#view.name) throw damaged(`event ${offset}`)
    return event
  }

  #lookUp(from: number): void {
    const offsets: number[] = []
    for (const offset of offsetsFrom(this.#store, this.#view.prefix, from)) {
      offsets.push(offset)
      if (offsets.length === this.#atOnce) break
    }
    this.#offsets = offsets
    this.#at = 0
    this.#atOnce = Math.min(2 * this.#atOnce, mostAtOnce)
  }
}
