import type { Clock } from '../hub/clock.ts'

/** Not sooner than this after it was asked for, in milliseconds: what falls due together is done together. */
const soonestMs = 1000
/** Not later than this: a timer of the machine that is set for longer than 24 days fires at once. */
const latestMs = 60 * 60_000

/** One timer for many deadlines: it waits for the earliest one only. */
export interface WakeUp {
  /** Sees to it that the task runs at `due` or up to a second later; `Infinity` asks for nothing. */
  by(due: number): void
  cancel(): void
}

/** A timer that runs `task`, which asks again with `by` if it is to run again. */
export function wakeUp(clock: Clock, task: () => void): WakeUp {
  let wakesAt = Number.POSITIVE_INFINITY
  let cancelTimer = () => {}

  const cancel = () => {
    cancelTimer()
    wakesAt = Number.POSITIVE_INFINITY
  }
  const by = (due: number) => {
    // Whatever is due after the next waking waits for it.
    if (due === Number.POSITIVE_INFINITY || due >= wakesAt) return
    const now = clock.now()
    const at = now + Math.min(Math.max(due - now, soonestMs), latestMs)
    if (at >= wakesAt) return
    cancel()
    wakesAt = at
    cancelTimer = clock.after(at - now, () => {
      wakesAt = Number.POSITIVE_INFINITY
      task()
    })
  }
  return { by, cancel }
}
