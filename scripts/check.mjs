// `npm run check`: everything a change must pass, cheapest first; stops at the first failure and shows what it said.
// `--tested`: leaves out what `npm test` has just run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { root, runTool } from './run-tool.mjs'

const packed = join(root, '.tmp/packed')

/** Each step answers `{ ok, output }`; `test` marks those that `npm test` runs too. */
const steps = [
  { name: 'format and lint', run: () => tool('@biomejs/biome', 'biome', ['ci', '--colors=off', '.']) },
  // Early, for the examples and the tests of the package are typed against it, as a user's code is.
  { name: 'build', run: () => node('scripts/build.mjs') },
  { name: 'types, and tests of types', run: checkTypes },
  { name: 'layers, public names, file sizes, documents', test: true, run: () => vitest('rules') },
  { name: 'unit and conformance', test: true, run: () => vitest('unit') },
  { name: 'the built package', test: true, run: () => vitest('package') },
  { name: 'package: publint', run: () => tool('publint', 'publint', ['run', pack(), '--strict']) },
  {
    name: 'package: are the types wrong',
    run: () => tool('@arethetypeswrong/cli', 'attw', [tarball(), '--profile', 'esm-only', '--no-emoji']),
  },
  { name: 'unused files, exports, dependencies', run: () => tool('knip', 'knip', ['--no-progress']) },
  { name: 'size of fairlead/client', run: () => tool('size-limit', 'size-limit', []) },
  { name: 'cuts and changes of transport', test: true, run: () => vitest('chaos') },
  {
    name: 'fuzz of every parser, for a minute',
    run: () => tool('tsx', 'tsx', ['test/abuse/run.ts', '--table', 'fuzz']),
  },
  { name: 'browsers', test: true, run: () => vitest('browser') },
  { name: 'planted faults are caught', run: () => tool('tsx', 'tsx', ['test/mutants/run.ts']) },
]

const tested = process.argv.includes('--tested')
const chosen = steps.filter(({ test }) => !(test && tested))
const begun = Date.now()
for (const [index, { name, run }] of chosen.entries()) {
  const start = Date.now()
  process.stdout.write(`[${index + 1}/${chosen.length}] ${name} … `)
  const { ok, output } = run()
  console.log(`${ok ? 'ok' : 'FAILED'} (${seconds(start)})`)
  if (ok) continue
  console.error(`\n${output.trimEnd()}\n\ncheck: "${name}" failed`)
  process.exit(1)
}
console.log(`check: ${chosen.length} steps passed (${seconds(begun)})`)

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}

function tool(packageName, command, args) {
  return runTool(packageName, command, args, { capture: true })
}

function vitest(project) {
  return tool('vitest', 'vitest', ['run', '--project', project, '--passWithNoTests=false'])
}

function node(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  return { ok: status === 0, output: stdout + stderr }
}

/** The compiler runs the tests of types; that it was given every one of them is checked too. Then each example by its own settings. */
function checkTypes() {
  const { ok, output } = tool('typescript', 'tsc', ['-p', 'tsconfig.json', '--listFiles'])
  const isListing = (line) => /^\S.*\.(ts|tsx|mts|cts)$/.test(line) && !line.includes(': error ')
  const compiled = new Set(output.split('\n').filter(isListing))
  const errors = output
    .split('\n')
    .filter((line) => !isListing(line))
    .join('\n')
  const typeTests = readdirSync(join(root, 'test'), { recursive: true }).filter((path) =>
    path.endsWith('.test-d.ts'),
  )
  const left = typeTests.filter((path) => !compiled.has(join(root, 'test', path)))
  if (typeTests.length === 0) return { ok: false, output: 'no test/**/*.test-d.ts was found' }
  if (left.length > 0)
    return { ok: false, output: `tests of types that were not compiled: ${left.join(', ')}` }
  if (!ok) return { ok, output: errors }
  const examples = readdirSync(join(root, 'examples')).map((name) => join('examples', name))
  const projects = ['bench', ...examples].filter((path) => existsSync(join(root, path, 'tsconfig.json')))
  const checked = projects.map((path) => tool('typescript', 'tsc', ['-p', path]))
  return checked.find((example) => !example.ok) ?? { ok, output: '' }
}

/** Packs what would be published, from the build that is there; answers the tarball. */
function pack() {
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], { cwd: root, stdio: 'ignore' })
  return tarball()
}

function tarball() {
  return join(packed, readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? 'missing.tgz')
}
