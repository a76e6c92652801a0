import { describe, expect, it } from 'vitest'
import { row as failover } from './redis-failover.ts'
import { row as flushall } from './redis-flushall.ts'
import { row as maxmemory } from './redis-maxmemory.ts'
import { row as partition } from './redis-partition.ts'
import { row as restart } from './redis-restart.ts'

/** The short versions of the rows about Redis; the long ones are run by `npm run test:crash`. */
describe.each([restart, flushall, failover, partition, maxmemory])('$id: $fault', (row) => {
  const reason = row.missing?.()
  if (reason !== undefined) console.warn(`SKIPPED: ${row.id}: ${reason}`)

  it.skipIf(reason)(row.promise, { timeout: 120_000 }, async () => {
    const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
    expect(result.faults, JSON.stringify(result.counts)).toEqual([])
  })
})
