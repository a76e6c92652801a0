import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { parsePosition } from '../protocol/index.ts'

/** What one subscriber saw. Events are counted, never kept: a reader that stores them measures itself. */
export class Tally {
  events = 0
  resets = 0
  /** Came again, at once. */
  repeated = 0
  /** Came after a newer one. */
  disordered = 0
  /** The ids of the first and the newest event. */
  first: string | undefined
  last: string | undefined
  /** Where the stream stands: a reader that comes back goes on after it. */
  position: string | undefined
  #epoch = ''
  #offset = 0

  /** Takes an event; `id` is `undefined` on a channel that keeps nothing. */
  event(id: string | undefined): void {
    this.events++
    if (id === undefined) return
    const { epoch, offset } = parsePosition(id)
    if (epoch === this.#epoch && offset <= this.#offset) {
      if (offset === this.#offset) this.repeated++
      else this.disordered++
      return
    }
    this.#epoch = epoch
    this.#offset = offset
    this.first ??= id
    this.last = id
    this.position = id
  }

  /** Takes a reset: events may be missing, and the reader goes on after `latest`. */
  reset(latest: string): void {
    this.resets++
    const { epoch, offset } = parsePosition(latest)
    this.#epoch = epoch
    this.#offset = offset
    this.position = latest
  }
}

/** How long events took from their sender's stamp, in microseconds. */
export interface Latency {
  readonly count: number
  readonly min: number
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** The delays between a stamp in the payload (`"sent":N`, of `stamp()`) and its arrival here. */
export class Delays {
  readonly #histogram: RecordableHistogram = createHistogram()

  /** Takes the text of an event; one without a stamp is not counted. */
  read(text: string): void {
    const at = text.indexOf(stampField)
    if (at === -1) return
    const from = at + stampField.length
    const delay = stamp() - Number.parseInt(text.slice(from, from + 20), 10)
    this.#histogram.record(Math.max(1, delay)) // A histogram takes no zero.
  }

  /** `undefined` when nothing was stamped. */
  get latency(): Latency | undefined {
    const { count, min, max } = this.#histogram
    if (count === 0) return undefined
    const at = (percent: number): number => this.#histogram.percentile(percent)
    return { count, min, median: at(50), p99: at(99), max }
  }
}

const stampField = '"sent":'

/**
 * The time on this machine's monotonic clock, in microseconds, for a payload's `sent`. All processes of one machine
 * read the same clock, so a stamp of one can be compared in another; between machines it means nothing.
 */
export function stamp(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
