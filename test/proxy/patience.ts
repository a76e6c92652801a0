/**
 * Waits until `done`, as long as something happens: throws when `pulse` has stood still for so many milliseconds.
 * A run's length depends on the machine, a standstill does not.
 */
export async function whileItMoves(
  what: string,
  pulse: () => number,
  done: () => boolean,
  stillMs = 30_000,
): Promise<void> {
  let seen = pulse()
  let since = performance.now()
  while (!done()) {
    await pause(50)
    const now = pulse()
    if (now !== seen) since = performance.now()
    seen = now
    if (performance.now() - since > stillMs) throw new Error(`Nothing happened any more: ${what}.`)
  }
}

/** Lets time pass in a run: what is between two faults is part of it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
