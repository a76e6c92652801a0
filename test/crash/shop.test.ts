import { describe, expect, it } from 'vitest'
import { row as buyers } from './shop-buyers.ts'
import { row as haproxy } from './shop-haproxy.ts'

for (const row of [buyers, haproxy]) {
  const missing = row.missing?.()
  describe.skipIf(missing)(row.fault, () => {
    it(row.promise, { timeout: 60_000 }, async () => {
      const result = await row.run({ seed: 1, cycles: row.cycles.short, onProgress: () => {} })
      expect(result.faults, JSON.stringify(result.counts)).toEqual([])
    })
  })
}
