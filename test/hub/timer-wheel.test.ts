import { expect, it } from 'vitest'
import { TimerWheel } from '../../src/hub/timer-wheel.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

it.each([-3_600_000, 3_600_000])('a wheel turns on when its clock is set by %d ms', (ms) => {
  const real = simulatedClock()
  let set = 0
  const wheel = new TimerWheel({ ...real, now: () => real.now() + set })
  const beats: number[] = []
  const entry = {
    due(): void {
      beats.push(real.now())
      wheel.schedule(entry, 1_000)
    },
  }
  wheel.schedule(entry, 1_000)
  real.advance(1_550)
  set = ms
  real.advance(3_450)
  expect(beats.length).toBeGreaterThanOrEqual(4)
  expect(beats.length).toBeLessThanOrEqual(5)
  wheel.close()
})
