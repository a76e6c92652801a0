import type { Awaitable } from '../hub/awaitable.ts'

/** Something to be done; it must not throw or reject. What it answers at once is done. */
type Task = () => Awaitable<void>

/**
 * Runs tasks one after the other, at once when none is before it. `changed` tells when the queue fills up, so that the
 * connection stops reading: the queue is bounded by what one read brings.
 */
export class TaskQueue {
  readonly #limit: number
  readonly #changed: (full: boolean) => void
  #waiting: Task[] = []
  #run: Promise<void> | undefined
  #full = false

  constructor(limit: number, changed: (full: boolean) => void) {
    this.#limit = limit
    this.#changed = changed
  }

  /** Resolves when everything that is in the queue is done; `undefined` when nothing is. */
  get busy(): Promise<void> | undefined {
    return this.#run
  }

  /** Adds a task. */
  push(task: Task): void {
    if (this.#run === undefined) {
      const begun = task()
      if (begun instanceof Promise) this.#run = this.#work(begun)
      return
    }
    this.#waiting.push(task)
    this.#tell()
  }

  /** Forgets what has not begun: who asked for it is gone. */
  clear(): void {
    this.#waiting = []
  }

  async #work(begun: Promise<void>): Promise<void> {
    await begun
    this.#tell()
    for (let task = this.#waiting.shift(); task; task = this.#waiting.shift()) {
      const going = task()
      if (going instanceof Promise) await going
      this.#tell()
    }
    this.#run = undefined
  }

  #tell(): void {
    const full = this.#waiting.length >= this.#limit
    if (full === this.#full) return
    this.#full = full
    this.#changed(full)
  }
}
