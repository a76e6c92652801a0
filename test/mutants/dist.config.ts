import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'

/**
 * Runs any test against built code: what a test imports from src/ comes from the folder that FAIRLEAD_DIST names
 * (dist/ by default).
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const source = join(root, 'src') + sep
const dist = resolve(root, process.env.FAIRLEAD_DIST ?? 'dist')

const builtCode: Plugin = {
  name: 'built-code',
  enforce: 'pre',
  resolveId(specifier, importer) {
    if (!specifier.startsWith('.') || !importer) return null
    const path = resolve(dirname(importer), specifier)
    if (!path.startsWith(source)) return null
    return join(dist, relative(source, path).replace(/\.ts$/, '.js'))
  },
}

export default defineConfig({
  root,
  plugins: [builtCode],
  test: { include: ['test/**/*.test.ts'], pool: 'forks', testTimeout: 20_000, hookTimeout: 30_000 },
})
