// Runs a tool out of node_modules without a shell and without npx.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs `command` of `packageName` and waits. `capture` keeps what it prints (as `output`) instead of showing it.
 * Answers `{ ok, output, how }`: `how` it ended, the signal's name or the exit code.
 */
export function runTool(packageName, command, args, { capture = false } = {}) {
  const folder = join(root, 'node_modules', packageName)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = join(folder, typeof bin === 'string' ? bin : bin[command])
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
    env: capture ? { ...process.env, NO_COLOR: '1' } : process.env,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const output = `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`
  return { ok: status === 0, output, how: signal ?? status }
}
