import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const bundles = new Map<string, Promise<string>>()

/** Makes one file of a process that is written in TypeScript: one that starts five hundred times must start quickly. */
export function bundle(name: string): Promise<string> {
  const made = bundles.get(name) ?? build(name)
  bundles.set(name, made)
  return made
}

async function build(name: string): Promise<string> {
  // Within the package, so that what is not bundled is found.
  const cache = fileURLToPath(new URL('../../node_modules/.cache/fairlead/', import.meta.url))
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'crash-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'process.mjs')
  const made = await rolldown({
    input: fileURLToPath(new URL(name, import.meta.url)),
    platform: 'node',
    external: ['lmdb', 'ws', 'jose', 'ioredis', /^@nats-io/],
  })
  await made.write({ file, format: 'esm', codeSplitting: false })
  await made.close()
  return file
}

/** Starts a bundled process; under another program, if `before` names one and its arguments. */
export function start(file: string, args: readonly string[], before: readonly string[] = []): ChildProcess {
  const [program, ...rest] = [...before, process.execPath, file]
  return fork(rest.pop()!, [...args], {
    execPath: program!,
    execArgv: rest,
    // What lmdb says of a failed write goes there: it is expected here.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** Resolves when a process has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}
