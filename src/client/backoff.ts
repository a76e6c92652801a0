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
 * Full jitter: any delay in a window, so that clients cut at once do not return at once. It doubles with each try, but is
 * no longer than twice the time that the outage has lasted: a try that comes too early, where an address or a server is
 * only just gone, says nothing of a long one.
 */
export function createBackoff(clock: Clock): Backoff {
  let firstMs = defaultBaseMs
  let windowMs = firstMs
  let since: number | undefined
  return {
    next(askedMs) {
      const chance = clock.random()
      // Kept to, and spread a little: the server may have told everyone the same.
      if (askedMs !== undefined) return askedMs * (1 + chance / 4)
      since ??= clock.now()
      const fittingMs = Math.max(firstMs, 2 * (clock.now() - since))
      const delayMs = chance * Math.min(windowMs, fittingMs, longestMs)
      if (fittingMs >= windowMs) windowMs *= 2
      return delayMs
    },
    reset(baseMs = firstMs) {
      windowMs = firstMs = baseMs
      since = undefined
    },
  }
}
