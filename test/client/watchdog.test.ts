import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/client/clock.ts'
import { createWatchdog } from '../../src/client/watchdog.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

/** A clock of a machine that sleeps: time goes on, timers that fell due fire late, at the waking. */
function sleepyClock() {
  const clock = simulatedClock()
  let asleepMs = 0
  const late: Clock = { ...clock, now: () => clock.now() + asleepMs }
  return {
    clock: late,
    advance: (ms: number) => clock.advance(ms),
    /** Time passes, no timer fires. */
    sleep(ms: number) {
      asleepMs += ms
    },
  }
}

describe('the watchdog', () => {
  it('calls a stream dead after twice the interval without a byte', () => {
    const clock = simulatedClock()
    let dead = 0
    createWatchdog(clock, () => dead++)
    clock.advance(49_999)
    expect(dead).toBe(0)
    clock.advance(1)
    expect(dead).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('takes the interval that the server names, shorter or longer', () => {
    for (const everyMs of [1_000, 300_000]) {
      const clock = simulatedClock()
      let dead = 0
      createWatchdog(clock, () => dead++).heard(everyMs)
      clock.advance(2 * everyMs - 1)
      expect(dead).toBe(0)
      clock.advance(1)
      expect(dead).toBe(1)
    }
  })

  it('keeps one timer, however much is heard', () => {
    const clock = simulatedClock()
    const watchdog = createWatchdog(clock, () => {})
    for (let n = 0; n < 100; n++) {
      watchdog.heard()
      clock.advance(1_000)
      expect(clock.pending).toBe(1)
    }
    watchdog.stop()
    expect(clock.pending).toBe(0)
  })

  it('after a sleep gives queued bytes 2 s before it believes the silence', () => {
    const machine = sleepyClock()
    let dead = 0
    const watchdog = createWatchdog(machine.clock, () => dead++)
    machine.advance(10_000)
    machine.sleep(3_600_000)
    machine.advance(40_000) // The timer fires, an hour late.
    expect(dead).toBe(0)
    watchdog.heard() // The bytes that had been queued.
    machine.advance(49_000)
    expect(dead).toBe(0)
  })

  it('after a sleep and 2 s of silence believes it', () => {
    const machine = sleepyClock()
    let dead = 0
    createWatchdog(machine.clock, () => dead++)
    machine.sleep(3_600_000)
    machine.advance(50_000)
    expect(dead).toBe(0)
    machine.advance(1_999)
    expect(dead).toBe(0)
    machine.advance(1)
    expect(dead).toBe(1)
  })

  it('on waking does not wait for its timer, only 2 s', () => {
    const machine = sleepyClock()
    let dead = 0
    const watchdog = createWatchdog(machine.clock, () => dead++)
    machine.sleep(3_600_000)
    watchdog.wake()
    machine.advance(2_000)
    expect(dead).toBe(1)
  })

  it('on waking leaves a stream alone that was not silent for long', () => {
    const machine = sleepyClock()
    let dead = 0
    const watchdog = createWatchdog(machine.clock, () => dead++)
    machine.sleep(20_000)
    watchdog.wake()
    machine.advance(2_000)
    expect(dead).toBe(0)
  })
})
