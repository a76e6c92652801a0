import type { Clock } from './clock.ts'

/** The first delay is by chance between 0 and this, unless the server names another. */
const defaultBaseMs = 1_000
/** Where doubling ends. */
const longestMs = 30_000

/** Delays of one thing that is tried again and again. */
export interface Backoff {
  /** The next delay; `askedMs` is what the server asked for. */
  next(askedMs?: number): number
  /** It worked, so that the next delay is a first one again; with the first window as the server wants it. */
  reset(baseMs?: number): void
}

/**
 * Full jitter: any delay in a window, so that clients cut at once do not return at once. It doubles from the third try on:
 * the first comes too early where an address or a server is only just gone, and that says nothing of a lasting outage.
 */
export function createBackoff(clock: Clock): Backoff {
  let firstMs = defaultBaseMs
  let windowMs = firstMs / 2
  return {
    next(askedMs) {
      const chance = clock.random()
      // Kept to, and spread a little: the server may have told everyone the same.
      if (askedMs !== undefined) return askedMs * (1 + chance / 4)
      const delayMs = chance * Math.min(Math.max(windowMs, firstMs), longestMs)
      windowMs *= 2
      return delayMs
    },
    reset(baseMs = firstMs) {
      firstMs = baseMs
      windowMs = baseMs / 2
    },
  }
}
