/**
 * Runs tasks one after the other. A connection's sends wait for each other here; `full` tells the connection to stop
 * reading, so that the queue is bounded by what one read brings.
 */
export class TaskQueue {
  readonly #limit: number
  readonly #changed: (full: boolean) => void
  #waiting: (() => Promise<void>)[] = []
  #running = false
  #full = false

  constructor(limit: number, changed: (full: boolean) => void) {
    this.#limit = limit
    this.#changed = changed
  }

  /** Adds a task; it must not reject. */
  push(task: () => Promise<void>): void {
    this.#waiting.push(task)
    this.#tell()
    if (!this.#running) void this.#run()
  }

  /** Forgets what has not begun: who asked for it is gone. */
  clear(): void {
    this.#waiting = []
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let task = this.#waiting.shift(); task; task = this.#waiting.shift()) {
      await task()
      this.#tell()
    }
    this.#running = false
  }

  #tell(): void {
    const full = this.#waiting.length >= this.#limit
    if (full === this.#full) return
    this.#full = full
    this.#changed(full)
  }
}
