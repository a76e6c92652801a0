import { beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../support/needs.ts'
import { attackRows, attacks } from './attacks.ts'
import { badInputRows, badInputs } from './bad-inputs.ts'
import type { AbuseCase, Result } from './case.ts'
import { type Run, runCases, triedInParallel } from './engine.ts'
import { websocketCases } from './websocket-cases.ts'

/** The short run: what waits for the server's deadlines, and a thousand of each at once, is in `npm run test:abuse`. */
const cases = [...badInputs, ...websocketCases, ...attacks].filter(({ long }) => !long)
const parallel = new Set(triedInParallel(cases, false))
const results = new Map<string, Result>()
let run: Run | undefined

beforeAll(async () => {
  run = await runCases(cases, {
    times: 100,
    onResult: (result) => void results.set(idOf(result, result.way), result),
  })
}, 120_000)

function idOf({ table, row, name }: Pick<AbuseCase, 'table' | 'row' | 'name'>, way: string): string {
  return `${table} ${row}, ${name}, ${way}`
}

describe('abuse', () => {
  for (const one of cases) {
    for (const way of one.ways.filter((way) => way !== 'in parallel' || parallel.has(one))) {
      const id = idOf(one, way)
      it(`${id}: ${one.expected}`, () => expect(results.get(id)?.seen).toBe(one.expected))
    }
  }

  it('leaves the process alive and as it was, and healthy readers undisturbed', () => {
    expect(run?.faults).toEqual([])
    expect(run?.seen).toBeGreaterThan(100)
  })

  it('covers every row of the bad inputs', () => {
    const there = new Set(badInputs.map(({ row }) => row))
    expect(badInputRows.filter((row) => !there.has(row))).toEqual([])
  })

  it.skipIf(!needs('nginx') || !needs('haproxy'))('covers every class of attack', () => {
    const there = new Set(attacks.map(({ row }) => row))
    expect(attackRows.filter((row) => !there.has(row))).toEqual([])
  })

  it('has names that are unique, and stand in a path', () => {
    const all = [...badInputs, ...websocketCases, ...attacks]
    const ids = all.map(({ table, row, name }) => `${table} ${row} ${name}`)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
    expect(all.filter(({ name }) => !/^[A-Za-z0-9~-]+$/.test(name)).map(({ name }) => name)).toEqual([])
  })
})
