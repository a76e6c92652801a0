import { describe, expect, it } from 'vitest'
import { row as descriptors } from './descriptors.ts'
import { row as slowReaders } from './slow-readers.ts'

/** The rows that are short; the others, and these at length, are run by `npm run test:faults`. */
describe.each([slowReaders, descriptors])('$id: $fault', (row) => {
  const reason = row.missing?.()
  if (reason !== undefined) console.warn(`SKIPPED: ${row.id}: ${reason}`)

  it.skipIf(reason)(row.promise, { timeout: 120_000 }, async () => {
    const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
    expect(result.faults, JSON.stringify(result.counts)).toEqual([])
  })
})
