import { describe, expect, it } from 'vitest'
import { row as rollingDeploy } from './rolling-deploy.ts'
import { row as twoReaders } from './two-readers.ts'

/** The short versions of the rows about several servers; the long ones are run by `npm run test:crash`. */
describe.each([rollingDeploy, twoReaders])('$id: $fault', (row) => {
  const reason = row.missing?.()
  if (reason !== undefined) console.warn(`SKIPPED: ${row.id}: ${reason}`)

  it.skipIf(reason)(row.promise, { timeout: 120_000 }, async () => {
    const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
    expect(result.faults, JSON.stringify(result.counts)).toEqual([])
  })
})
