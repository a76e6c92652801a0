import { describe, expect, it } from 'vitest'
import { runRow, toTable } from './outcome.ts'
import type { CrashRow } from './row.ts'

const options = { seed: 7, cycles: 3, onProgress: () => {} }
const base = { id: 'a', fault: 'it | breaks', promise: 'it holds', cycles: { short: 1, full: 3 } }

function row(more: Pick<CrashRow, 'run'> & Partial<CrashRow>): CrashRow {
  return { ...base, ...more }
}

describe('a crash row', () => {
  it('has failed when it names a fault or breaks off, and is skipped with its reason', async () => {
    const held = await runRow(
      row({ run: async ({ cycles }) => ({ counts: { cycles }, faults: [] }) }),
      options,
    )
    const failed = await runRow(
      row({ run: async () => ({ counts: { lost: 1200 }, faults: ['lost'] }) }),
      options,
    )
    const broken = await runRow(row({ run: () => Promise.reject(new Error('no server')) }), options)
    const skipped = await runRow(row({ missing: () => 'no redis', run: () => Promise.reject() }), options)
    expect([held, failed, broken, skipped].map(({ verdict }) => verdict)).toEqual([
      'ok',
      'FAILED',
      'FAILED',
      'skipped',
    ])
    expect(broken.faults[0]).toContain('no server')
    const lines = toTable([held, failed, skipped]).split('\n').slice(2)
    expect(lines).toEqual([
      '| a | it \\| breaks | cycles 3 | it holds | ok | 0 s |',
      '| a | it \\| breaks | lost 1,200 | it holds | FAILED: 1 faults | 0 s |',
      '| a | it \\| breaks |  | it holds | skipped: no redis | 0 s |',
    ])
  })
})
