import type { ServerResponse } from 'node:http'
import type { Clock } from '../hub/clock.ts'

/** The answers that a server owes: when it stops, they are finished before anything is closed. */
export class InFlight {
  /**
   * Each in a place of its own, that is used again. A Set leaves a table behind whenever it makes a new one, with all that
   * was in it then; once one has grown old, the garbage collector takes those answers for alive, and copies them.
   */
  readonly #open: (ServerResponse | undefined)[] = []
  readonly #free: number[] = []
  readonly #clock: Clock
  #stopping = false
  #emptied = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(response: ServerResponse): void {
    const place = this.#free.pop() ?? this.#open.length
    this.#open[place] = response
    if (this.#stopping) response.shouldKeepAlive = false
    response.on('close', () => {
      this.#open[place] = undefined
      this.#free.push(place)
      if (this.#free.length === this.#open.length) this.#emptied()
    })
  }

  /** From now on every answer says `connection: close`, so that the next request goes to another server. */
  stop(): void {
    this.#stopping = true
    for (const response of this.#open) if (response && !response.headersSent) response.shouldKeepAlive = false
  }

  /** Resolves when all answers are given, or after `deadlineMs`. */
  async finished(deadlineMs: number): Promise<void> {
    if (this.#free.length === this.#open.length) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(deadlineMs, resolve)
      this.#emptied = () => {
        cancel()
        resolve()
      }
    })
  }
}
