/**
 * An answer that may be there at once. What needs no waiting is not made to wait: a promise at each step of a send
 * costs more than the step.
 */
export type Awaitable<T> = T | Promise<T>

/** Goes on with a value: at once if it is there. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isToCome(value) ? Promise.resolve(value).then(next) : next(value)
}

/** Does something that may fail, at once or later: `failed` answers in its place, or throws. */
export function settle<T>(work: () => Awaitable<T>, failed: (error: unknown) => T): Awaitable<T> {
  try {
    const value = work()
    return isToCome(value) ? Promise.resolve(value).catch(failed) : value
  } catch (error) {
    return failed(error)
  }
}

/** Does something, and `then` when it is done or has failed. */
export function lastly<T>(work: () => Awaitable<T>, then: () => void): Awaitable<T> {
  let value: Awaitable<T>
  try {
    value = work()
  } catch (error) {
    then()
    throw error
  }
  if (isToCome(value)) return Promise.resolve(value).finally(then)
  then()
  return value
}

/** Whether an answer is to come. An application's rule may answer a promise of its own making: taken for an answer, it would be a yes. */
export function isToCome<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
