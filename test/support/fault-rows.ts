import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Outcome, runRow, toTable } from '../crash/outcome.ts'
import type { CrashRow } from '../crash/row.ts'

/**
 * Runs the rows of a folder as the command line asks and prints what was counted: `[--only ROW] [--seed N] [--cycles N]`,
 * where `--only` may be given more than once. Answers the exit code: 0 only if everything held. With `declared`, a row
 * of that list that is not there, or was skipped, counts as failed too.
 */
export async function runRows(folder: URL, declared: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      seed: { type: 'string', default: '1' },
      cycles: { type: 'string' },
    },
  })
  const rows = await readRows(folder, declared)
  const { only, seed } = values
  const unknown = only?.filter((id) => !rows.some((row) => row.id === id)) ?? []
  if (unknown.length > 0) {
    console.error(`There is no row ${unknown.join(', ')}. There are: ${rows.map(({ id }) => id).join(', ')}.`)
    return 2
  }
  const began = performance.now()
  const outcomes: Outcome[] = []
  const chosen = only ? rows.filter(({ id }) => only.includes(id)) : rows
  for (const [index, row] of chosen.entries()) {
    console.log(`[${index + 1}/${chosen.length}] ${row.id}: ${row.fault}`)
    outcomes.push(await runPrinted(row, Number(seed), values.cycles))
  }
  console.log(`\n${toTable(outcomes)}\n`)
  const missing = only ? [] : declared.filter((id) => !rows.some((row) => row.id === id))
  if (missing.length > 0) console.log(`MISSING: ${missing.join(', ')}`)
  const failed = outcomes.filter(({ verdict }) => verdict === 'FAILED').length
  const skipped = outcomes.filter(({ verdict }) => verdict === 'skipped').length
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  console.log(
    `${outcomes.length} rows, ${failed} failed, ${skipped} skipped, ${minutes} minutes, seed ${seed}`,
  )
  const incomplete = missing.length > 0 || (declared.length > 0 && skipped > 0)
  return failed === 0 && !incomplete ? 0 : 1
}

async function runPrinted(row: CrashRow, seed: number, asked: string | undefined): Promise<Outcome> {
  const cycles = asked === undefined ? row.cycles.full : Number(asked)
  const outcome = await runRow(row, { seed, cycles, onProgress: (line) => console.log(`  ${line}`) })
  console.log(`  ${outcome.verdict} (${Math.round(outcome.seconds)} s)`)
  for (const fault of outcome.faults.slice(0, 20)) console.log(`  fault: ${fault}`)
  if (outcome.faults.length > 20) console.log(`  … and ${outcome.faults.length - 20} more`)
  return outcome
}

/** The rows of a folder, declared ones first and in their order. Other files are not loaded: some are processes. */
async function readRows(folder: URL, declared: readonly string[]): Promise<CrashRow[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => /^export const row\b/m.test(readFileSync(new URL(name, folder), 'utf8')))
    .sort()
  const modules = files.map((name) => import(new URL(name, folder).href) as Promise<{ row: CrashRow }>)
  const rows = (await Promise.all(modules)).map(({ row }) => row)
  const place = ({ id }: CrashRow): number => (declared.includes(id) ? declared.indexOf(id) : rows.length)
  return rows.sort((a, b) => place(a) - place(b))
}
