/**
 * Runs tasks one after the other. `changed` tells when the queue fills up, so that the connection stops reading: the
 * queue is bounded by what one read brings.
 */
export class TaskQueue {
  readonly #limit: number
  readonly #changed: (full: boolean) => void
  #waiting: (() => Promise<void>)[] = []
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

  /** Adds a task; it must not reject. */
  push(task: () => Promise<void>): void {
    this.#waiting.push(task)
    this.#tell()
    this.#run ??= this.#work()
  }

  /** Forgets what has not begun: who asked for it is gone. */
  clear(): void {
    this.#waiting = []
  }

  async #work(): Promise<void> {
    for (let task = this.#waiting.shift(); task; task = this.#waiting.shift()) {
      await task()
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
