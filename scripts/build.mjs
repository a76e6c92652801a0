// Builds the package: `tsc` writes dist/, then the client becomes one minified module for pages without a bundler.
// Builds beside dist/ and swaps at the end: whoever reads dist/ meanwhile sees the old build or the new one whole.
// `--if-needed`: only when something it is made of is newer.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { bundleClient } from './bundle-client.mjs'
import { root, runTool } from './run-tool.mjs'

const dist = join(root, 'dist')
/** Beside dist/ and as deep, so that the paths inside the source maps stay right. */
const next = join(root, 'dist-next')
const old = join(root, 'dist-old')
/** Written last. */
const bundle = 'client.min.js'

const madeOf = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/bundle-client.mjs']

if (!process.argv.includes('--if-needed') || isStale()) await build()

async function build() {
  rmSync(next, { recursive: true, force: true })
  const { ok } = runTool('typescript', 'tsc', ['-p', 'tsconfig.build.json', '--outDir', next])
  if (!ok) {
    rmSync(next, { recursive: true, force: true })
    console.error('build: the compiler found errors; dist/ is left as it was')
    process.exit(1)
  }
  // From its sources: what the compiler adds for variable imports is of no use to a page.
  await bundleClient(join(root, 'src/client/index.ts'), join(next, bundle))
  rmSync(old, { recursive: true, force: true })
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(next, dist)
  rmSync(old, { recursive: true, force: true })
}

function isStale() {
  const built = statSync(join(dist, bundle), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return madeOf.some((path) => newest(join(root, path)) > built)
}

/** When anything at or below a path was last changed; a folder's own time tells of what was removed from it. */
function newest(path) {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), mtimeMs)
}
