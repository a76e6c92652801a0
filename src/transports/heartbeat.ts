import { Deadline, type TimerWheel } from '../hub/timer-wheel.ts'

/** Who has a heartbeat. */
export interface Beating {
  /** Called when nothing was written for as long as the heartbeat allows. */
  beat(): void
}

/** Says something when nothing else did, for every transport alike: an entry in the shared wheel, no timer. */
export class Heartbeat extends Deadline {
  readonly #wheel: TimerWheel
  readonly #everyMs: number
  readonly #owner: Beating
  #wroteAt: number

  /** `everyMs` is the longest silence, in milliseconds. */
  constructor(wheel: TimerWheel, everyMs: number, owner: Beating) {
    super()
    this.#wheel = wheel
    this.#everyMs = everyMs
    this.#owner = owner
    this.#wroteAt = wheel.turnedMs
    wheel.schedule(this, everyMs)
  }

  get countsStalls(): true {
    return true
  }

  /** Something was written. */
  wrote(): void {
    this.#wroteAt = this.#wheel.turnedMs
  }

  due(): void {
    const quietMs = this.#wheel.turnedMs - this.#wroteAt
    if (quietMs >= this.#everyMs) {
      this.#owner.beat()
      this.wrote()
      this.#wheel.schedule(this, this.#everyMs)
    } else {
      this.#wheel.schedule(this, this.#everyMs - quietMs)
    }
  }

  stop(): void {
    this.#wheel.cancel(this)
  }
}
