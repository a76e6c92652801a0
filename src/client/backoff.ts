import type { Clock } from './clock.ts'

/** Between which delays to back off, in milliseconds. */
export interface BackoffOptions {
  /** The first delay is by chance between 0 and this. @default 1000 */
  readonly baseMs?: number
  /** Where doubling ends. @default 30000 */
  readonly maxMs?: number
}

/** Delays of one thing that is tried again and again. */
export interface Backoff {
  /** The next delay; `askedMs` is what the server asked for. */
  next(askedMs?: number): number
  /** It worked, so that the next delay is a first one again; with the first window as the server wants it. */
  reset(baseMs?: number): void
}

/** Full jitter: any delay in a window that doubles each time, so that clients cut at once do not return at once. */
export function createBackoff(clock: Clock, { baseMs = 1000, maxMs = 30_000 }: BackoffOptions = {}): Backoff {
  let first = baseMs
  let windowMs = baseMs
  return {
    next(askedMs) {
      const chance = clock.random()
      // Kept to, and spread a little: the server may have told everyone the same.
      if (askedMs !== undefined) return askedMs * (1 + chance / 4)
      const delay = chance * Math.min(windowMs, maxMs)
      windowMs *= 2
      return delay
    },
    reset(baseMs = first) {
      windowMs = first = baseMs
    },
  }
}
