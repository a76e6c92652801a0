import { describe, expect, it } from 'vitest'
import { row as damage } from './lmdb-damage.ts'
import { row as diskFull } from './lmdb-disk-full.ts'
import { row as fsyncError } from './lmdb-fsync-error.ts'
import { row as kill } from './lmdb-kill.ts'
import { row as slowFsync } from './lmdb-slow-fsync.ts'
import { row as trim } from './lmdb-trim.ts'

/** The short versions of the rows about LMDB; the long ones are run by `npm run test:crash`. */
describe.each([kill, diskFull, fsyncError, slowFsync, damage, trim])('$id: $fault', (row) => {
  const reason = row.missing?.()
  if (reason !== undefined) console.warn(`SKIPPED: ${row.id}: ${reason}`)

  it.skipIf(reason)(row.promise, { timeout: 120_000 }, async () => {
    const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
    expect(result.faults, JSON.stringify(result.counts)).toEqual([])
  })
})
