import type { TimerWheel, WheelEntry } from '../hub/timer-wheel.ts'

/** When a heartbeat is due, and what it does. */
export interface HeartbeatOptions {
  readonly wheel: TimerWheel
  /** The longest silence, in milliseconds. */
  readonly everyMs: number
  /** Called when nothing was written for `everyMs`. */
  readonly beat: () => void
}

/** Says something when nothing else did, for every transport alike: an entry in the shared wheel, no timer. */
export class Heartbeat implements WheelEntry {
  readonly countsStalls = true
  readonly #options: HeartbeatOptions
  #wroteAt: number

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#wroteAt = options.wheel.turnedMs
    options.wheel.schedule(this, options.everyMs)
  }

  /** Something was written. */
  wrote(): void {
    this.#wroteAt = this.#options.wheel.turnedMs
  }

  due(): void {
    const { wheel, everyMs, beat } = this.#options
    const quietMs = wheel.turnedMs - this.#wroteAt
    if (quietMs >= everyMs) {
      beat()
      this.wrote()
      wheel.schedule(this, everyMs)
    } else {
      wheel.schedule(this, everyMs - quietMs)
    }
  }

  stop(): void {
    this.#options.wheel.cancel(this)
  }
}
