import { spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plant, plants } from './plants.ts'

/**
 * Plants each fault in a copy of dist/ and shows that the test named for it fails there, and passes without it. Prints
 * a table; the exit code is 0 only if every fault was caught. `tsx test/mutants/run.ts [part of a fault's name]`.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const copies = join(root, '.tmp', 'mutants')
/** How many tests run at a time. */
const lanes = 2
const deadlineMs = 180_000

/** How a test went on one copy of the code. */
type Outcome = 'passed' | 'failed' | 'did not run'

interface Row {
  readonly plant: Plant
  readonly sound: Outcome
  readonly planted: Outcome
}

if (!existsSync(dist)) throw new Error('There is no dist/: npm run build')
rmSync(copies, { recursive: true, force: true })
const wanted = plants.filter(({ name }) => name.includes(process.argv[2] ?? ''))
const rows = await inLanes(wanted, tryPlant)
rmSync(copies, { recursive: true, force: true })
const caught = rows.filter(({ sound, planted }) => sound === 'passed' && planted === 'failed')
console.log(`${caught.length} of ${wanted.length} faults caught`)
process.exitCode = caught.length === wanted.length ? 0 : 1

async function tryPlant(plant: Plant, index: number): Promise<Row> {
  const copy = join(copies, String(index))
  cpSync(dist, copy, { recursive: true })
  const sound = await runTest(copy, plant.caughtBy)
  for (const [file, text, replacement] of plant.edits) replaceOnce(join(copy, file), text, replacement)
  const planted = await runTest(copy, plant.caughtBy)
  const verdict = sound === 'passed' && planted === 'failed' ? 'caught    ' : 'NOT CAUGHT'
  const [file, name] = plant.caughtBy
  console.log(
    `${verdict} ${plant.name.padEnd(38)} without it ${sound}, with it ${planted}: ${file} "${name}"`,
  )
  return { plant, sound, planted }
}

/** A text that is gone, or stands twice, would plant nothing or the wrong thing: loudly neither. */
function replaceOnce(path: string, text: string, replacement: string): void {
  const code = readFileSync(path, 'utf8')
  const found = code.split(text).length - 1
  if (found !== 1) throw new Error(`${path} holds this ${found} times, not once:\n${text}`)
  writeFileSync(
    path,
    code.replace(text, () => replacement),
  )
}

/** Runs the tests of a file whose name begins so, against a copy of the built code. */
async function runTest(copy: string, [file, name]: Plant['caughtBy']): Promise<Outcome> {
  const report = `${copy}.json`
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const config = join(root, 'test', 'mutants', 'dist.config.ts')
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const args = [
    vitest,
    'run',
    '--config',
    config,
    file,
    '-t',
    pattern,
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, FAIRLEAD_DIST: copy },
    stdio: 'ignore',
  })
  const timer = setTimeout(() => child.kill(), deadlineMs)
  await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  if (!existsSync(report)) return 'did not run'
  const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
    numFailedTests: number
    numPassedTests: number
  }
  if (numFailedTests > 0) return 'failed'
  return numPassedTests > 0 ? 'passed' : 'did not run'
}

/** Runs `work` over the items, a few at a time, and answers in their order. */
async function inLanes<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
