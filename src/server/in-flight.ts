import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../hub/clock.ts'

/** The answers that a server owes: when it stops, they are finished before anything is closed. */
export class InFlight {
  /**
   * Each in a place of its own, that is used again. A Set leaves a table behind whenever it makes a new one, with all that
   * was in it then; once one has grown old, the garbage collector takes those answers for alive, and copies them.
   */
  readonly #open: (ServerResponse | undefined)[] = []
  readonly #free: number[] = []
  readonly #queued = new WeakMap<Socket, Set<() => void>>()
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
    // The answer to a pipelined request whose turn has not come never closes if its connection ends before that.
    const queued = response.socket === null ? this.#queuedOn(response.req.socket) : undefined
    const over = (): void => {
      if (this.#open[place] !== response) return
      queued?.delete(over)
      this.#open[place] = undefined
      this.#free.push(place)
      if (this.#free.length === this.#open.length) this.#emptied()
    }
    queued?.add(over)
    response.on('close', over)
  }

  /** What to call for the answers that wait for their turn on a connection, when it ends. */
  #queuedOn(socket: Socket): Set<() => void> {
    const known = this.#queued.get(socket)
    if (known) return known
    const queued = new Set<() => void>()
    this.#queued.set(socket, queued)
    socket.once('close', () => {
      for (const over of queued) over()
    })
    return queued
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
