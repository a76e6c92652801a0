import { describe, expect, it } from 'vitest'
import { steadyTime } from '../../src/hub/clock.ts'

/** A wall clock that can be set, and the time that really passed. */
function set() {
  const state = { wall: 1_700_000_000_000, monotonic: 5_000 }
  const now = steadyTime(
    () => state.wall,
    () => state.monotonic,
  )
  const pass = (ms: number): number => {
    state.wall += ms
    state.monotonic += ms
    return now()
  }
  const jump = (ms: number): void => {
    state.wall += ms
  }
  return { now, pass, jump }
}

describe('the time of a wall clock that jumps', () => {
  it('follows it exactly while it goes as time does, and small corrections at once', () => {
    const { now, pass, jump } = set()
    expect(now()).toBe(1_700_000_000_000)
    expect(pass(250)).toBe(1_700_000_000_250)
    jump(-40)
    expect(now()).toBe(1_700_000_000_210)
  })

  it('does not follow jumps to and fro', () => {
    const { pass, jump } = set()
    for (const ms of [3_600_000, -7_200_000, 3_600_000, 10_000, -20_000, 10_000]) {
      jump(ms)
      pass(1_000)
    }
    expect(pass(0)).toBe(1_700_000_006_000)
  })

  it.each([3_600_000, -3_600_000])('follows a jump of %d ms that has stood for 30 s', (ms) => {
    const { pass, jump } = set()
    jump(ms)
    expect(pass(0)).toBe(1_700_000_000_000)
    expect(pass(29_000)).toBe(1_700_000_029_000)
    expect(pass(1_000)).toBe(1_700_000_030_000 + ms)
  })
})
