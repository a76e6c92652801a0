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

it('after a stall calls at once what only says something, and gives what ends something its time back', () => {
  const real = simulatedClock()
  let stalledMs = 0
  const wheel = new TimerWheel({ ...real, now: () => real.now() + stalledMs })
  const called: string[] = []
  const entry = (name: string, countsStalls: boolean) => ({ countsStalls, due: () => void called.push(name) })
  wheel.schedule(entry('heartbeat', true), 4_000)
  wheel.schedule(entry('later heartbeat', true), 9_000)
  wheel.schedule(entry('end', false), 4_000)
  real.advance(1_000)
  const before = wheel.turnedMs
  stalledMs = 5_000 // The loop stands still: no timer runs, and the clock goes on.
  real.advance(100)
  expect(called).toEqual(['heartbeat'])
  expect(wheel.turnedMs - before).toBeGreaterThanOrEqual(5_000)
  real.advance(2_700)
  expect(called).toEqual(['heartbeat'])
  // The heartbeat of 9 s counts the stall; the end of 4 s does not.
  real.advance(400)
  expect(called.slice(1).sort()).toEqual(['end', 'later heartbeat'])
  wheel.close()
})

it('an entry that another one cancels or moves as both are due is not called', () => {
  const clock = simulatedClock()
  const wheel = new TimerWheel(clock)
  const called: string[] = []
  const cancelled = { due: () => void called.push('cancelled') }
  const moved = { due: () => void called.push('moved') }
  const later = { due: () => void called.push('a round later') }
  const first = {
    due(): void {
      called.push('first')
      wheel.cancel(cancelled)
      wheel.schedule(moved, 500)
    },
  }
  for (const entry of [first, cancelled, moved]) wheel.schedule(entry, 1_000)
  wheel.schedule(later, 1_000 + 512 * 100) // The same slot, when the wheel comes round to it again.
  expect(wheel.size).toBe(4)
  clock.advance(1_200)
  expect(called).toEqual(['first'])
  clock.advance(400)
  expect(called).toEqual(['first', 'moved'])
  expect(wheel.size).toBe(1)
  clock.advance(512 * 100)
  expect(called).toEqual(['first', 'moved', 'a round later'])
  wheel.close()
})
