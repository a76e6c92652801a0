import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem } from 'node:os'
import { peersFolder } from './subjects.ts'

/** What the figures were taken on: no name of a host, no path. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly system: string
  /** Of Node and of everything that was compared; `undefined` is left out. */
  readonly versions: Readonly<Record<string, string>>
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${/^\d+\.\d+/.exec(release())?.[0] ?? ''}`,
    system: /^PRETTY_NAME="(.*)"$/m.exec(tryRead('/etc/os-release'))?.[1] ?? 'unknown',
    versions: versions(),
  }
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const peers = createRequire(peersFolder)
  const found: Record<string, string | undefined> = {
    node: process.versions.node,
    fairlead: (require('../../package.json') as { version: string }).version,
    'fairlead-linux-x64 (native write loop)': packageVersion(require, 'fairlead-linux-x64'),
    ws: packageVersion(require, 'ws'),
    'socket.io': packageVersion(require, 'socket.io'),
    'uWebSockets.js (unofficial build)': packageVersion(peers, '@trufflesuite/uws-js-unofficial'),
    nchan: run('dpkg-query', ['-W', '-f', '$' + '{Version}', 'libnginx-mod-nchan']),
    nginx: run('dpkg-query', ['-W', '-f', '$' + '{Version}', 'nginx']),
    centrifugo: run(`${peersFolder}bin/centrifugo`, ['version']),
    cc: run('cc', ['--version'])?.split('\n')[0],
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value)) as Record<string, string>
}

function packageVersion(require: NodeJS.Require, name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as { version: string }).version
  } catch {
    return undefined
  }
}

function run(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
