import { describe, expect, it } from 'vitest'
import { row as leaderLoss } from './nats-leader-loss.ts'
import { row as partition } from './nats-partition.ts'
import { row as restart } from './nats-restart.ts'

/** The short versions of the rows about NATS; the long ones are run by `npm run test:crash`. */
describe.each([restart, partition, leaderLoss])('$id: $fault', (row) => {
  const reason = row.missing?.()
  if (reason !== undefined) console.warn(`SKIPPED: ${row.id}: ${reason}`)

  it.skipIf(reason)(row.promise, { timeout: 120_000 }, async () => {
    const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
    expect(result.faults, JSON.stringify(result.counts)).toEqual([])
    expect(result.counts.acknowledged).toBeGreaterThan(0)
  })
})
