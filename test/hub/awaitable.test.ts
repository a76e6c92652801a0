import { describe, expect, it } from 'vitest'
import { andThen, lastly, settle } from '../../src/hub/awaitable.ts'

const failure = new Error('no')
const fails = (): never => {
  throw failure
}
/** A promise that is not the engine's own, as some libraries make them. */
const foreign = <T>(value: T) =>
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
  ({ then: (next: (value: T) => void) => queueMicrotask(() => next(value)) }) as unknown as Promise<T>

describe('an answer that may be there at once', () => {
  it('is gone on with at once, or when it comes', async () => {
    expect(andThen(2, (n) => n + 1)).toBe(3)
    expect(await andThen(Promise.resolve(2), (n) => n + 1)).toBe(3)
    expect(await andThen(2, async (n) => n + 1)).toBe(3)
  })

  it('is waited for, whoever made the promise: a rule that answers one has not said yes', async () => {
    const answer = andThen(foreign(false), (allowed) => (allowed ? 'yes' : 'no'))
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toBe('no')
    expect(await settle(() => foreign(1), fails)).toBe(1)
    expect(
      await lastly(
        () => foreign(1),
        () => {},
      ),
    ).toBe(1)
  })

  it('that fails is answered for, at once or when it comes', async () => {
    expect(settle(fails, () => 'mended')).toBe('mended')
    expect(
      await settle<string>(
        () => Promise.reject(failure),
        () => 'mended',
      ),
    ).toBe('mended')
    expect(() => settle(fails, fails)).toThrow(failure)
  })

  it('is followed once by what comes last, failed or not', async () => {
    const order: string[] = []
    const last = () => void order.push('last')
    expect(lastly(() => 1, last)).toBe(1)
    expect(() => lastly(fails, last)).toThrow(failure)
    expect(order).toEqual(['last', 'last'])
    const later = lastly(() => Promise.reject(failure), last)
    expect(order).toHaveLength(2)
    await expect(later).rejects.toBe(failure)
    expect(order).toHaveLength(3)
  })
})
