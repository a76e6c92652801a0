import type { EncodedEvent } from './encoded-event.ts'

/**
 * A topic's newest events, one ring for all its readers: who is inside it goes live without asking the log. Bounded by
 * events and payload units; what it gives up is still in the log.
 */
export class Tail {
  /** Every kept event of the topic after this offset, up to the topic's position, is in the tail. */
  start: number
  #events: EncodedEvent[] = []
  #from = 0
  #size = 0
  readonly #maxEvents: number
  readonly #maxSize: number

  constructor(start: number, maxEvents = 256, maxSize = 256 * 1024) {
    this.start = start
    this.#maxEvents = maxEvents
    this.#maxSize = maxSize
  }

  push(event: EncodedEvent): void {
    this.#events.push(event)
    this.#size += event.event.payload.length
    while (this.#events.length - this.#from > this.#maxEvents || this.#size > this.#maxSize) this.#drop()
  }

  /** The events after `offset`, which must not be before `start`. */
  after(offset: number): EncodedEvent[] {
    let low = this.#from
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#events[middle]!.event.offset! > offset) high = middle
      else low = middle + 1
    }
    return this.#events.slice(low)
  }

  #drop(): void {
    const gone = this.#events[this.#from]!.event
    this.start = gone.offset!
    this.#size -= gone.payload.length
    this.#from++
    // Moved only when half is empty, so that dropping costs the same however long the tail is.
    if (this.#from > 32 && this.#from * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#from)
      this.#from = 0
    }
  }
}
