import type { StoredEvent } from './channel-log.ts'
import { EncodedEvent } from './encoded-event.ts'

/**
 * A topic's newest events, one ring for all its readers: who is inside it goes live without asking the log. Bounded by
 * events and payload units; what it gives up is still in the log. Nobody comes back for most of them: only those that
 * somebody did come back for are kept encoded.
 */
export class Tail {
  /** Every kept event of the topic after this offset, up to the topic's position, is in the tail. */
  start: number
  #events: (StoredEvent | EncodedEvent)[] = []
  /** Of all of them: with the log's epoch every topic is let go. */
  #epoch = ''
  #from = 0
  #size = 0
  readonly #maxEvents: number
  readonly #maxSize: number

  constructor(start: number, maxEvents = 256, maxSize = 256 * 1024) {
    this.start = start
    this.#maxEvents = maxEvents
    this.#maxSize = maxSize
  }

  push({ event, epoch }: EncodedEvent): void {
    this.#events.push(event)
    this.#epoch = epoch
    this.#size += event.payload.length
    while (this.#events.length - this.#from > this.#maxEvents || this.#size > this.#maxSize) this.#drop()
  }

  /** The events after `offset`, which must not be before `start`. */
  after(offset: number): EncodedEvent[] {
    let low = this.#from
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (stored(this.#events[middle]!).offset! > offset) high = middle
      else low = middle + 1
    }
    const events: EncodedEvent[] = []
    for (let i = low; i < this.#events.length; i++) events.push(this.#encoded(i))
    return events
  }

  #encoded(index: number): EncodedEvent {
    const event = this.#events[index]!
    if (event instanceof EncodedEvent) return event
    const encoded = new EncodedEvent(event, this.#epoch)
    this.#events[index] = encoded
    return encoded
  }

  #drop(): void {
    const gone = stored(this.#events[this.#from]!)
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

function stored(event: StoredEvent | EncodedEvent): StoredEvent {
  return event instanceof EncodedEvent ? event.event : event
}
