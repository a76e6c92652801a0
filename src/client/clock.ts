/** Time and chance, injected so that tests run on a simulated clock with a seed. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `fn` once after `ms`; the answer cancels. */
  after(ms: number, fn: () => void): () => void
  /** A number from 0 up to 1. */
  random(): number
}

/** The machine's own clock. Its timers keep a Node process alive: a client that waits to reconnect is at work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
}
