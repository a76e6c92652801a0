/** Functions that an application gave, by the name of what they listen to. */
export interface Listeners {
  /** Adds a function; the answer takes it away. */
  add(name: string, fn: (...args: never[]) => void): () => void
  /** Calls the functions that are there now, in the order they came; answers whether there were any. */
  call(name: string, ...args: unknown[]): boolean
}

/** A function that throws is reported, and stops neither the others nor the stream. */
export function createListeners(): Listeners {
  const lists = new Map<string, readonly { fn: (...args: never[]) => void }[]>()
  return {
    add(name, fn) {
      const entry = { fn }
      lists.set(name, [...(lists.get(name) ?? []), entry])
      return () => {
        lists.set(
          name,
          lists.get(name)!.filter((one) => one !== entry),
        )
      }
    },
    call(name, ...args) {
      const list = lists.get(name) ?? []
      for (const { fn } of list) {
        try {
          fn(...(args as never[]))
        } catch (error) {
          reportUncaught(error)
        }
      }
      return list.length > 0
    },
  }
}

/** Hands an error to where uncaught ones go: a page's `error` event, in Node `uncaughtException`. */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
