import { parseArgs } from 'node:util'
import { attackRows, attacks } from './attacks.ts'
import { badInputRows, badInputs } from './bad-inputs.ts'
import type { Result } from './case.ts'
import { runCases } from './engine.ts'
import { fuzz } from './fuzz.ts'
import { websocketCases } from './websocket-cases.ts'

/**
 * `npm run test:abuse [-- --only NAME] [--table TABLE] [--times N] [--fuzz SECONDS] [--short]`: every bad input, WebSocket
 * case and attack as a row with what was expected and what was seen, then the fuzz, for 60 s unless told. `--fuzz SECONDS`
 * with `--table fuzz` is the fuzz alone. The exit code is 0 only if no row is wrong and none is missing.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    table: { type: 'string' },
    short: { type: 'boolean', default: false },
    times: { type: 'string', default: '1000' },
    fuzz: { type: 'string', default: '60' },
  },
})

const cases = [...badInputs, ...websocketCases, ...attacks].filter(
  ({ table }) => (values.table ?? table) === table,
)
const began = performance.now()
const run = await runCases(cases, {
  times: Number(values.times),
  long: !values.short,
  only: values.only,
  onResult: print,
})
const wrong = run.results.filter(isWrong)
const whole = (values.only ?? values.table) === undefined
const missing = whole && !values.short ? missingRows(run.results) : []
const mb = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
const { before, after } = run
const unexplained = [...run.faults]
console.log(`beside it   ${run.seen} events to each healthy reader`)
console.log(
  `memory      heap ${mb(before.heapBytes)} before, ${mb(after.heapBytes)} after; rss ${mb(before.rssBytes)}, ${mb(after.rssBytes)}`,
)
if (whole || values.table === 'fuzz') {
  const seed = Date.now() % 2 ** 31
  console.log(`fuzz        seed ${seed}, ${values.fuzz} s`)
  fuzz(Number(values.fuzz), seed, ({ name, runs, fault }) => {
    console.log(`${fault === undefined ? 'ok   ' : 'WRONG'} fuzz           ${name.padEnd(47)} ${runs} inputs`)
    if (fault !== undefined) unexplained.push(`${name}: ${fault}`)
  })
}
for (const fault of unexplained) console.log(`FAULT       ${fault}`)
for (const row of missing) console.log(`MISSING     ${row}`)
console.log(
  `${run.results.length} rows, ${wrong.length} wrong, ${missing.length} missing, ${unexplained.length} faults, ${Math.round((performance.now() - began) / 1000)} s`,
)
process.exitCode = wrong.length + missing.length + unexplained.length === 0 ? 0 : 1

function isWrong({ expected, seen }: Result): boolean {
  return expected !== seen
}

function print(result: Result): void {
  const { table, row, name, way, expected, seen, cpuMs } = result
  const cost = cpuMs === undefined ? '' : `  (${Math.round(cpuMs)} ms of the server)`
  const verdict = isWrong(result) ? 'WRONG' : 'ok   '
  console.log(
    `${verdict} ${`${table} ${row}`.padEnd(14)} ${name.padEnd(34)} ${way.padEnd(12)} expected ${expected} | seen ${seen}${cost}`,
  )
}

function missingRows(results: readonly Result[]): string[] {
  const there = new Set(results.map(({ table, row }) => `${table} ${row}`))
  const wanted = [
    ...badInputRows.map((row) => `bad input ${row}`),
    ...attackRows.map((row) => `attack ${row}`),
  ]
  return wanted.filter((row) => !there.has(row))
}
