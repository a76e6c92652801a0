import type { Socket } from 'node:net'
import type { TimerWheel, WheelEntry } from '../hub/timer-wheel.ts'

/** A socket that takes no byte for this long has stopped reading. */
const stallMs = 30_000

/** Watches a socket that has asked to wait, and calls `stalled` once it took no byte for `stallMs`. */
export class StalledSocket implements WheelEntry {
  readonly #wheel: TimerWheel
  readonly #socket: Socket
  readonly #stalled: () => void
  #watching = false
  #taken = 0

  constructor(wheel: TimerWheel, socket: Socket, stalled: () => void) {
    this.#wheel = wheel
    this.#socket = socket
    this.#stalled = stalled
  }

  /** The socket asked to wait. */
  blocked(): void {
    if (this.#watching) return
    this.#watching = true
    this.#taken = this.#bytesTaken()
    this.#wheel.schedule(this, stallMs)
  }

  /** The socket has drained, or is gone. */
  stop(): void {
    if (!this.#watching) return
    this.#watching = false
    this.#wheel.cancel(this)
  }

  due(): void {
    const taken = this.#bytesTaken()
    if (taken === this.#taken) {
      this.#watching = false
      this.#stalled()
      return
    }
    this.#taken = taken
    this.#wheel.schedule(this, stallMs)
  }

  #bytesTaken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }
}
