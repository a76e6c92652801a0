import type { Clock } from '../hub/clock.ts'

/** A clock that moves only when told to, with chance out of a seed: the same seed gives the same run. */
export interface SimulatedClock extends Clock {
  /**
   * Moves time forward by `ms` (0 or more) and runs what falls due on the way, in the order of its time and then of
   * its making; timers made meanwhile run too if they fall due. Each sees its own time as `now()`. Promises that the
   * timers settle are not waited for. What a timer throws is thrown here, and time stands where it was thrown.
   */
  advance(ms: number): void
  /** How many timers wait. */
  readonly pending: number
}

interface Timer {
  readonly due: number
  fn: (() => void) | undefined
}

/** Timers that may fire in one `advance`: more is a timer that makes itself again without time passing. */
const firingLimit = 1_000_000

/** Makes a simulated clock. Defaults: `seed` 1; `start` 1,700,000,000,000 (a moment in 2023), in milliseconds. */
export function simulatedClock(options: { seed?: number; start?: number } = {}): SimulatedClock {
  let now = options.start ?? 1_700_000_000_000
  const timers: Timer[] = []

  const advance = (ms: number) => {
    if (!(ms >= 0)) throw new RangeError(`A clock moves forward only, not by ${ms} ms.`)
    const end = now + ms
    for (let fired = 0; timers[0] !== undefined && timers[0].due <= end; fired++) {
      if (fired === firingLimit) throw new Error(`${firingLimit} timers fired within ${ms} ms.`)
      const { due, fn } = timers.shift()!
      now = Math.max(now, due)
      fn?.()
    }
    now = Math.max(now, end)
  }

  return {
    now: () => now,
    after(ms, fn) {
      const timer: Timer = { due: now + Math.max(ms, 0), fn }
      timers.splice(placeOf(timers, timer.due), 0, timer)
      return () => {
        if (timer.fn === undefined) return
        timer.fn = undefined
        const index = timers.indexOf(timer)
        if (index !== -1) timers.splice(index, 1)
      }
    },
    random: seededRandom(options.seed ?? 1),
    advance,
    get pending() {
      return timers.length
    },
  }
}

/** Numbers from 0 up to 1 out of a seed (mulberry32): even enough for tests, of no use for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The place behind all timers that are due by `due`, so that equal times keep the order of their making. */
function placeOf(timers: readonly Timer[], due: number): number {
  let low = 0
  let high = timers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timers[middle]!.due <= due) low = middle + 1
    else high = middle
  }
  return low
}
