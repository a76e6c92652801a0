/** Throws outside of the present call, where it ends up as the process's uncaught error: seen, and in no one's way. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
