import type { Clock } from '../hub/clock.ts'

/** Pings, and pongs that nobody asked for, in a second: nobody who is well sends more. */
const perSecond = 20

/** Counts the control frames of one client: each ping is answered, and a flood of them would cost more than it does to send. */
export class ControlFrames {
  readonly #clock: Clock
  #count = 0
  #since = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Another one came. Whether there have been too many. */
  tooMany(): boolean {
    const now = this.#clock.now()
    if (now - this.#since >= 1_000) {
      this.#since = now
      this.#count = 0
    }
    return ++this.#count > perSecond
  }
}
