import type { ServerResponse } from 'node:http'
import type { Clock } from '../hub/clock.ts'

/** The answers that a server owes: when it stops, they are finished before anything is closed. */
export class InFlight {
  readonly #open = new Set<ServerResponse>()
  readonly #clock: Clock
  #stopping = false
  #emptied = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(response: ServerResponse): void {
    this.#open.add(response)
    if (this.#stopping) response.shouldKeepAlive = false
    response.on('close', () => {
      this.#open.delete(response)
      if (this.#open.size === 0) this.#emptied()
    })
  }

  /** From now on every answer says `connection: close`, so that the next request goes to another server. */
  stop(): void {
    this.#stopping = true
    for (const response of this.#open) if (!response.headersSent) response.shouldKeepAlive = false
  }

  /** Resolves when all answers are given, or after `deadlineMs`. */
  async finished(deadlineMs: number): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(deadlineMs, resolve)
      this.#emptied = () => {
        cancel()
        resolve()
      }
    })
  }
}
