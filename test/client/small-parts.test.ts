import { describe, expect, it, vi } from 'vitest'
import { createBackoff } from '../../src/client/backoff.ts'
import { pause, withDeadline } from '../../src/client/deadline.ts'
import { createEventBuffer } from '../../src/client/event-buffer.ts'
import { createListeners } from '../../src/client/listeners.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { settle } from './scripted-link.ts'

describe('backoff', () => {
  it('spreads over the whole of a window that doubles to its limit, and starts again when it worked', () => {
    for (const chance of [0, 0.999]) {
      const clock = simulatedClock()
      const backoff = createBackoff({ ...clock, random: () => chance })
      for (const windowMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
        expect(backoff.next()).toBe(chance * windowMs)
        clock.advance(windowMs)
      }
      backoff.reset()
      expect(backoff.next()).toBe(chance * 1_000)
    }
  })

  it('does not wait for long after tries that came too early', () => {
    const clock = simulatedClock()
    const backoff = createBackoff({ ...clock, random: () => 0.999 })
    for (let i = 0; i < 5; i++) {
      expect(backoff.next()).toBe(999)
      clock.advance(50)
    }
    clock.advance(1_000)
    expect(backoff.next()).toBe(1_998)
  })

  it('takes the server’s first window, and keeps to a delay that it asked for', () => {
    const backoff = createBackoff({ ...simulatedClock(), random: () => 0.5 })
    backoff.reset(2_000)
    expect(backoff.next()).toBe(1_000)
    expect(backoff.next(4_000)).toBe(4_500)
    backoff.reset()
    expect(backoff.next()).toBe(1_000)
  })
})

describe('a deadline', () => {
  it('passes on what the work answers or throws, and leaves no timer', async () => {
    const clock = simulatedClock()
    expect(await withDeadline(clock, 1_000, undefined, async () => 7)).toBe(7)
    const failure = new Error('no')
    await expect(
      withDeadline(clock, 1_000, undefined, () => {
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(clock.pending).toBe(0)
  })

  it('rejects when its time is over, and tells the work', async () => {
    const clock = simulatedClock()
    let told: AbortSignal | undefined
    const late = withDeadline(clock, 1_000, undefined, (signal) => {
      told = signal
      return new Promise(() => {})
    })
    const rejected = expect(late).rejects.toMatchObject({ code: 'request_timeout' })
    await settle()
    clock.advance(1_000)
    await rejected
    expect(told!.aborted).toBe(true)
  })

  it('rejects with the outer signal’s reason, before or during the work', async () => {
    const clock = simulatedClock()
    const reason = new Error('enough')
    await expect(
      withDeadline(clock, 1_000, AbortSignal.abort(reason), () => new Promise(() => {})),
    ).rejects.toBe(reason)
    const outer = new AbortController()
    const late = expect(withDeadline(clock, 1_000, outer.signal, () => new Promise(() => {}))).rejects.toBe(
      reason,
    )
    outer.abort(reason)
    await late
    await settle()
    expect(clock.pending).toBe(0)
  })

  it('ends a pause early on abort', async () => {
    const clock = simulatedClock()
    const outer = new AbortController()
    const paused = pause(clock, 60_000, outer.signal)
    outer.abort()
    await paused
    await settle()
    expect(clock.pending).toBe(0)
  })
})

describe('listeners', () => {
  it('are called by name in the order they came, until they are taken away', () => {
    const listeners = createListeners()
    const calls: string[] = []
    const off = listeners.add('a', (n: number) => calls.push(`first ${n}`))
    listeners.add('a', (n: number) => calls.push(`second ${n}`))
    listeners.add('b', () => calls.push('other'))
    expect(listeners.call('a', 1)).toBe(true)
    off()
    off()
    listeners.call('a', 2)
    expect(listeners.call('c')).toBe(false)
    expect(calls).toEqual(['first 1', 'second 1', 'second 2'])
  })

  it('may come and go while they are called', () => {
    const listeners = createListeners()
    const calls: string[] = []
    const off = listeners.add('a', () => {
      calls.push('first')
      off()
      listeners.add('a', () => calls.push('late'))
    })
    listeners.add('a', () => calls.push('second'))
    listeners.call('a')
    expect(calls).toEqual(['first', 'second'])
    listeners.call('a')
    expect(calls).toEqual(['first', 'second', 'second', 'late'])
  })

  it('that throw stop neither the others nor the caller, and are reported', () => {
    const queued = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {})
    const listeners = createListeners()
    const failure = new Error('a bug of the application')
    let heard = false
    listeners.add('a', () => {
      throw failure
    })
    listeners.add('a', () => {
      heard = true
    })
    listeners.call('a')
    expect(heard).toBe(true)
    expect(queued.mock.calls[0]![0]).toThrow(failure)
    queued.mockRestore()
  })
})

describe('events on their way to an iteration', () => {
  const taken = async <T>(iteration: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = []
    for await (const one of iteration) all.push(one)
    return all
  }

  it('come in order, whether they wait or are waited for', async () => {
    const buffer = createEventBuffer<number>(() => {})
    buffer.push(1)
    buffer.push(2)
    const all = taken(buffer.iteration)
    await settle()
    buffer.push(3)
    await settle()
    buffer.push(4)
    buffer.end()
    expect(await all).toEqual([1, 2, 3, 4])
  })

  it('end with an error that says so when too many wait, after those that did', async () => {
    const buffer = createEventBuffer<number>(() => {})
    for (let n = 1; n <= 1_500; n++) buffer.push(n)
    let last = 0
    const all = (async () => {
      for await (const n of buffer.iteration) expect(n).toBe(++last)
    })()
    await expect(all).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('1000') })
    expect(last).toBe(1_001)
  })

  it('end with the error given, once', async () => {
    const failure = new Error('denied')
    const buffer = createEventBuffer<number>(() => {})
    buffer.push(1)
    buffer.end(failure)
    buffer.end(new Error('later'))
    buffer.push(2)
    expect(await buffer.iteration.next()).toEqual({ value: 1, done: false })
    await expect(buffer.iteration.next()).rejects.toBe(failure)
    expect(await buffer.iteration.next()).toEqual({ value: undefined, done: true })
  })

  it('are forgotten when the loop is left', async () => {
    let ended = 0
    const buffer = createEventBuffer<number>(() => ended++)
    buffer.push(1)
    buffer.push(2)
    for await (const n of buffer.iteration) if (n === 1) break
    expect(ended).toBeGreaterThan(0)
  })
})
