import { describe, expect, it } from 'vitest'
import { digest, planCuts } from './plan.ts'
import { runSends } from './sends.ts'
import { runStorm } from './storm.ts'
import { runSwitches } from './switches.ts'

/** Short versions of `npm run test:chaos`, `test:switches` and `test:sends`. */
const clean = { lost: 0, repeated: 0, disordered: 0 }

describe('a plan of cuts', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(digest(planCuts(7, 300))).toBe(digest(planCuts(7, 300)))
    expect(digest(planCuts(7, 300))).not.toBe(digest(planCuts(8, 300)))
  })

  it('has every kind and way in equal shares', () => {
    const shares = new Map<string, number>()
    for (const { kind, way } of planCuts(7, 3000)) {
      shares.set(`${kind} ${way}`, (shares.get(`${kind} ${way}`) ?? 0) + 1)
    }
    expect([...shares.values()]).toEqual([500, 500, 500, 500, 500, 500])
  })
})

describe('clients on lines that are cut', () => {
  it('see every event once and in order through a hundred cuts', { timeout: 240_000 }, async () => {
    const result = await runStorm({ seed: 1, cuts: 100, clients: 20, rate: 500 })
    expect(result.faults).toEqual([])
    expect(result.events).toMatchObject(clean)
    expect(result.sends).toMatchObject(clean)
    expect(result.made).toHaveLength(100)
    expect(result.events.received).toBe(20 * result.published)
  })

  it('have each send appended once, in order, and answered', { timeout: 240_000 }, async () => {
    const results = await runSends({ seed: 1, sends: 150, rate: 50, cuts: 6, changes: 4 })
    for (const { answered, appended, faults } of results) {
      expect(faults).toEqual([])
      expect(appended).toMatchObject({ ...clean, received: 150 })
      expect(answered).toBe(150)
    }
  })
})

describe('changes of transport', () => {
  it('lose, repeat and reorder nothing', { timeout: 120_000 }, async () => {
    const result = await runSwitches({ seed: 1, seconds: 3, rate: 500 })
    expect(result.faults).toEqual([])
    expect(result.events).toMatchObject(clean)
    expect(result.inFlight).toBeGreaterThan(15)
  })
})
