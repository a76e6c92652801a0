import { setTimeout as pause } from 'node:timers/promises'
import type { Book } from './book.ts'
import { isPassing } from './live.ts'

/** What the shop's work needs to know beside the work. */
export interface WorkOptions {
  readonly signal: AbortSignal
  /** Told of what cannot pass by itself. A log that is out of reach is tried again. */
  readonly onFail: (error: unknown) => void
}

/** A log that is out of reach is tried again this often. */
const againMs = 1000

/**
 * Does what follows from the state: now, and whenever it changed, never twice at once. The state is the to-do list, so
 * a shop that was ended in the middle goes on where it was, and of two shops on one log either does it.
 */
export function afterEachChange(
  book: Book,
  work: () => Promise<unknown>,
  { signal, onFail }: WorkOptions,
): void {
  let running = false
  let changed = false

  async function run(): Promise<void> {
    do {
      changed = false
      try {
        await work()
      } catch (error) {
        if (signal.aborted) return
        if (!isPassing(error)) return onFail(error)
        await pause(againMs)
        changed = true
      }
    } while (changed && !signal.aborted)
    running = false
  }

  function look(): void {
    changed = true
    if (running || signal.aborted) return
    running = true
    void run()
  }

  book.onChange(look)
  look()
}

/** Does what follows from the time: now, and every `everyMs`, never twice at once. */
export function regularly(
  everyMs: number,
  work: () => Promise<unknown>,
  { signal, onFail }: WorkOptions,
): void {
  let timer: NodeJS.Timeout | undefined

  async function run(): Promise<void> {
    await work().catch((error: unknown) => {
      if (!signal.aborted && !isPassing(error)) onFail(error)
    })
    if (!signal.aborted) timer = setTimeout(() => void run(), everyMs)
  }

  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void run()
}
