/** How long any wait of a case lasts before it fails, in milliseconds: long enough for a loaded machine. */
export const patienceMs = 15_000

/** What came in and was not yet taken, in the order it came. */
export interface Inbox<T> {
  /** Everything that ever came, taken or not. */
  readonly seen: readonly T[]
  push(item: T): void
  /** Nothing more will come; who waits now or later fails with this reason. */
  end(reason: string): void
  /** Takes the first item that matches (any, by default) and leaves the others. Fails after `patienceMs`. */
  take(what: string, matches?: (item: T) => boolean): Promise<T>
}

/** Makes an empty inbox. */
export function createInbox<T>(): Inbox<T> {
  const seen: T[] = []
  const waiting: T[] = []
  let ended: string | undefined
  let wake = (): void => {}

  async function take(what: string, matches: (item: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const index = waiting.findIndex(matches)
      if (index !== -1) return waiting.splice(index, 1)[0]!
      if (ended !== undefined) throw new Error(`Waited for ${what}, but ${ended}.`)
      await new Promise<void>((resolve) => {
        const before = wake
        wake = () => {
          before()
          resolve()
        }
      })
    }
  }

  function rouse(): void {
    const woken = wake
    wake = () => {}
    woken()
  }

  return {
    seen,
    push(item) {
      seen.push(item)
      waiting.push(item)
      rouse()
    },
    end(reason) {
      ended ??= reason
      rouse()
    },
    take: (what, matches) => within(what, take(what, matches)),
  }
}

/** The same promise, which fails with `what` in its message when it takes longer than `ms`. */
export async function within<T>(what: string, promise: Promise<T>, ms: number = patienceMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what}.`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
