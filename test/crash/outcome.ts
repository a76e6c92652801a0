import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** How a row went, as the table shows it. */
export interface Outcome extends CrashResult {
  readonly row: CrashRow
  readonly verdict: 'ok' | 'FAILED' | 'skipped'
  /** Why it was skipped. */
  readonly reason?: string | undefined
  readonly seconds: number
}

/** Runs a row. Never rejects: a row that throws has failed. */
export async function runRow(row: CrashRow, options: CrashOptions): Promise<Outcome> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  const reason = row.missing?.()
  if (reason !== undefined) return { row, verdict: 'skipped', reason, counts: {}, faults: [], seconds: 0 }
  try {
    const { counts, faults } = await row.run(options)
    return { row, verdict: faults.length === 0 ? 'ok' : 'FAILED', counts, faults, seconds: seconds() }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { row, verdict: 'FAILED', counts: {}, faults: [`It broke off: ${what}`], seconds: seconds() }
  }
}

/** A table of Markdown: the fault, what was counted, what must hold, and whether it did. */
export function toTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ row, verdict, reason, counts, faults, seconds }) => [
    row.id,
    row.fault,
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`)
      .join(', '),
    row.promise,
    reason !== undefined ? `skipped: ${reason}` : verdict === 'ok' ? 'ok' : `FAILED: ${faults.length} faults`,
    `${Math.round(seconds)} s`,
  ])
  const head = ['row', 'fault', 'counted', 'must hold', '', 'time']
  return [head, head.map(() => '---'), ...rows]
    .map(
      (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
    )
    .join('\n')
}
