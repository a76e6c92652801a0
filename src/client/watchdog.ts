import type { Clock } from './clock.ts'

/** How long queued bytes get to come in after a sleep, before a silence is believed. */
const graceMs = 2_000
/** A timer that fires this late was held up: by a frozen tab, a throttled page, a sleeping machine. */
const lateMs = 1_000

/** Watches a stream for silence. */
export interface Watchdog {
  /** Bytes came; with the server's interval, where they name it. */
  heard(everyMs?: number): void
  /** The page or the machine woke up: a silence that is too long by now gets its grace at once. */
  wake(): void
  stop(): void
}

/**
 * Calls a stream dead after twice its heartbeat's interval without a byte. It judges by the clock when something
 * happens, and not by a timer alone: after a sleep the timer is due at once, while the bytes that prove the stream
 * healthy still wait to be read. One timer at most; a byte costs one reading of the clock.
 */
export function createWatchdog(clock: Clock, onDead: () => void): Watchdog {
  let everyMs = 25_000
  let heardAt = clock.now()
  let cancel = () => {}

  const leftMs = () => heardAt + 2 * everyMs - clock.now()

  const schedule = (ms: number, grace = false) => {
    cancel()
    const due = clock.now() + ms
    cancel = clock.after(ms, () => {
      if (leftMs() > 0) schedule(leftMs())
      else if (!grace && clock.now() > due + lateMs) schedule(graceMs, true)
      else onDead()
    })
  }

  schedule(leftMs())
  return {
    heard(named = everyMs) {
      heardAt = clock.now()
      if (named === everyMs) return
      everyMs = named
      schedule(leftMs())
    },
    wake() {
      if (leftMs() <= 0) schedule(graceMs, true)
    },
    stop: () => cancel(),
  }
}
