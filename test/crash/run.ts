import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Outcome, runRow, toTable } from './outcome.ts'
import type { CrashRow } from './row.ts'

/**
 * `npm run test:crash [-- --only ROW] [--seed N] [--cycles N]`: makes every fault of the table as often as it is to be
 * made, on real servers, and prints what was counted. `--only` may be given more than once. The exit code is 0 only if
 * everything held; a row that cannot be run here is skipped, with its reason.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    cycles: { type: 'string' },
  },
})

const rows = await readRows()
const { only } = values
const unknown = only?.filter((id) => !rows.some((row) => row.id === id)) ?? []
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(', ')}. There are: ${rows.map(({ id }) => id).join(', ')}.`)
  process.exit(2)
}

const began = performance.now()
const outcomes: Outcome[] = []
const chosen = only ? rows.filter(({ id }) => only.includes(id)) : rows
for (const [index, row] of chosen.entries()) {
  const cycles = values.cycles === undefined ? row.cycles.full : Number(values.cycles)
  console.log(`[${index + 1}/${chosen.length}] ${row.id}: ${row.fault}`)
  const outcome = await runRow(row, { seed: Number(values.seed), cycles, onProgress })
  console.log(`  ${outcome.verdict} (${Math.round(outcome.seconds)} s)`)
  for (const fault of outcome.faults.slice(0, 20)) console.log(`  fault: ${fault}`)
  if (outcome.faults.length > 20) console.log(`  … and ${outcome.faults.length - 20} more`)
  outcomes.push(outcome)
}

console.log(`\n${toTable(outcomes)}\n`)
const failed = outcomes.filter(({ verdict }) => verdict === 'FAILED').length
const minutes = ((performance.now() - began) / 60_000).toFixed(1)
console.log(`${outcomes.length} rows, ${failed} failed, ${minutes} minutes, seed ${values.seed}`)
// What a row left open must not keep the run from ending.
process.exit(failed === 0 ? 0 : 1)

function onProgress(line: string): void {
  console.log(`  ${line}`)
}

/** The rows of this folder, by name. Other files are not loaded: some are processes. */
async function readRows(): Promise<CrashRow[]> {
  const folder = new URL('./', import.meta.url)
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => /^export const row\b/m.test(readFileSync(new URL(name, folder), 'utf8')))
    .sort()
  const modules = files.map((name) => import(new URL(name, folder).href) as Promise<{ row: CrashRow }>)
  return (await Promise.all(modules)).map(({ row }) => row)
}
