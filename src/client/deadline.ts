import { FairleadError } from '../protocol/errors.ts'
import type { Clock } from './clock.ts'

/**
 * Runs `work` with a signal that aborts after `ms`, or with `outer`. The answer rejects then, even if the work never
 * looks at its signal: with `request_timeout`, or with `outer`'s own reason.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const aborter = new AbortController()
  let done = () => {}
  return new Promise<T>((resolve, reject) => {
    const stop = (reason: unknown) => {
      reject(reason)
      aborter.abort()
    }
    const onAbort = () => stop(outer?.reason)
    const cancel = clock.after(ms, () =>
      stop(new FairleadError('request_timeout', `No answer within ${ms} ms.`)),
    )
    done = () => {
      cancel()
      outer?.removeEventListener('abort', onAbort)
    }
    outer?.addEventListener('abort', onAbort)
    if (outer?.aborted) onAbort()
    // In a callback, so that work that throws at once is a rejection too.
    else Promise.resolve(aborter.signal).then(work).then(resolve, reject)
  }).finally(() => done())
}

/** Waits; on abort no longer. */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  withDeadline(clock, ms, signal, () => new Promise<never>(() => {})).catch(() => {})
