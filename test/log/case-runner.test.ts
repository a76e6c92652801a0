import { describe, expect, it, vi } from 'vitest'
import { type Case, eventually, registerCases } from '../../src/testing/case-runner.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { logCases } from '../../src/testing/log-cases.ts'
import { presenceCases } from '../../src/testing/presence-cases.ts'

const cases: readonly Case<number>[] = ['a/one', 'b/two', 'a/three'].map((id) => ({
  id,
  title: `Case ${id}.`,
  run: async () => {},
}))

function recorder() {
  const groups: string[] = []
  const skip = vi.fn<(name: string) => void>()
  const run = vi.fn<(name: string) => void>()
  const describeGroup = (name: string, body: () => void) => {
    groups.push(name)
    body()
  }
  return { groups, skip, run, runner: { describe: describeGroup, it: Object.assign(run, { skip }) } }
}

describe('registerCases', () => {
  it('makes one test of each case, by group', () => {
    const { groups, run, runner } = recorder()
    registerCases(runner, cases, [], async () => {})
    expect(groups).toEqual(['a', 'b'])
    expect(run.mock.calls.map(([name]) => name)).toEqual([
      'a/one: Case a/one.',
      'a/three: Case a/three.',
      'b/two: Case b/two.',
    ])
  })

  it('shows a declared skip with its reason', () => {
    const { run, skip, runner } = recorder()
    registerCases(runner, cases, [{ case: 'b/two', reason: 'it cannot' }], async () => {})
    expect(skip.mock.calls.map(([name]) => name)).toEqual(['b/two: Case b/two. (skipped: it cannot)'])
    expect(run).toHaveBeenCalledTimes(2)
  })

  it('refuses a skip of a case that does not exist', () => {
    const skips = [{ case: 'b/gone', reason: 'renamed' }]
    expect(() => registerCases(recorder().runner, cases, skips, async () => {})).toThrow(/b\/gone/)
  })
})

describe('the cases', () => {
  it('have ids of their own', () => {
    for (const ids of [logCases, presenceCases].map((list) => list.map((one) => one.id))) {
      expect(new Set(ids).size).toBe(ids.length)
      for (const id of ids) expect(id).toMatch(/^[a-z-]+\/[a-z-]+$/)
    }
  })
})

describe('eventually', () => {
  it('gives up after 10 seconds, and says what it waited for', async () => {
    const clock = simulatedClock()
    const start = clock.now()
    const never = eventually(
      async (ms) => clock.advance(ms),
      'pigs fly',
      () => false,
    )
    await expect(never).rejects.toThrow('until pigs fly')
    expect(clock.now() - start).toBeLessThan(11_000)
  })
})

describe('simulatedClock', () => {
  it('runs timers in the order of their time, then of their making, each at its own time', () => {
    const clock = simulatedClock({ start: 1000 })
    const ran: string[] = []
    const note = (name: string) => () => ran.push(`${name}@${clock.now()}`)
    clock.after(20, note('late'))
    clock.after(10, note('first'))
    clock.after(10, note('second'))
    clock.after(5, () => clock.after(10, note('made-inside')))
    const cancel = clock.after(10, note('cancelled'))
    cancel()
    cancel()
    expect(clock.pending).toBe(4)
    clock.advance(15)
    expect(ran).toEqual(['first@1010', 'second@1010', 'made-inside@1015'])
    expect([clock.now(), clock.pending]).toEqual([1015, 1])
  })

  it('gives the same chance for the same seed, evenly from 0 up to 1', () => {
    const draw = (seed: number) => {
      const { random } = simulatedClock({ seed })
      return Array.from({ length: 10_000 }, random)
    }
    const numbers = draw(5)
    expect(draw(5)).toEqual(numbers)
    expect(draw(6)).not.toEqual(numbers)
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    const low = numbers.filter((number) => number < 0.5).length
    expect(Math.abs(low - 5000)).toBeLessThan(250)
  })

  it('does not go back, nor round in a circle', () => {
    const clock = simulatedClock()
    expect(() => clock.advance(-1)).toThrow(RangeError)
    const again = () => void clock.after(0, again)
    again()
    expect(() => clock.advance(1)).toThrow(/timers fired/)
  })
})
