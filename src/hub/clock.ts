/** Time and chance, injected so that tests run on a simulated clock with a seed. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `fn` once after `ms`; the answer cancels. */
  after(ms: number, fn: () => void): () => void
  /** A number from 0 up to 1. */
  random(): number
}

/** A wall clock that is off by more than this has been set, in milliseconds; less is followed at once. */
const stepMs = 1_000
/** How long a new time must stand before it is believed, in milliseconds: no longer than a token's leeway. */
const believedMs = 30_000

/**
 * The time of day, in milliseconds, of a wall clock that may jump. A jump is followed only once it has stood for 30 s,
 * and until then time goes on as it did: a clock that is set to and fro ends no token, member or idempotency key early.
 */
export function steadyTime(wall: () => number, monotonic: () => number): () => number {
  let offset = wall() - monotonic()
  let step = 0
  let since = 0
  let seen = Number.NaN
  let time = 0
  return () => {
    const reading = wall()
    // Asked many times within a millisecond, and reading the other clock costs more than all the rest.
    if (reading === seen) return time
    seen = reading
    const elapsed = monotonic()
    const apart = reading - elapsed - offset
    if (Math.abs(apart) < stepMs) {
      offset += apart
      step = 0
    } else if (step === 0 || Math.abs(apart - step) >= stepMs) {
      step = apart
      since = elapsed
    } else if (elapsed - since >= believedMs) {
      offset += apart
      step = 0
    }
    time = Math.round(elapsed + offset)
    return time
  }
}

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: steadyTime(Date.now, () => performance.now()),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    timer.unref?.()
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
}
