import { FairleadError } from '../protocol/errors.ts'

/** Events that may wait for an iteration: what the log keeps is better read again than piled up in memory. */
const roomFor = 1000

/** Events on their way to a `for await`: in order, and bounded. */
export interface EventBuffer<T> {
  push(event: T): void
  /** Nothing more comes: what waits is still given, then the iteration ends, or throws the error. */
  end(error?: unknown): void
  readonly iteration: AsyncIterableIterator<T>
}

/** `onEnd` is called when nothing more is taken or given, at least once. */
export function createEventBuffer<T>(onEnd: () => void): EventBuffer<T> {
  const events: T[] = []
  let ended: { error: unknown } | undefined
  let wake = () => {}

  const end = (error?: unknown) => {
    ended ??= { error }
    wake()
    onEnd()
  }

  async function* iterate(): AsyncGenerator<T, void> {
    try {
      for (;;) {
        while (events.length > 0) yield events.shift()!
        if (ended?.error) throw ended.error
        if (ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      end()
    }
  }

  return {
    push(event) {
      if (!ended) events.push(event)
      if (events.length > roomFor) end(new FairleadError('busy', `More than ${roomFor} events wait.`))
      wake()
    },
    end,
    iteration: iterate(),
  }
}
