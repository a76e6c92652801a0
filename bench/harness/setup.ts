import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { centrifugoBinary, nchanModule, peersFolder } from './subjects.ts'

const uwsVersion = '20.30.0-unofficial.0'
const centrifugoVersion = 'v6.9.1'

const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Builds the programs in C that every run needs. Throws, and says what to install, without a compiler. */
export function buildPrograms(): void {
  mkdirSync(peersFolder, { recursive: true })
  for (const [source, program] of [
    ['load/load.c', 'load'],
    ['peers/floor.c', 'floor'],
  ] as const) {
    try {
      execFileSync('cc', ['-O2', '-Wall', '-o', `${peersFolder}${program}`, file(source)], {
        stdio: 'inherit',
      })
    } catch (error) {
      throw new Error(
        `bench/${source} could not be compiled: install a C compiler (apt-get install gcc libc6-dev).`,
        {
          cause: error,
        },
      )
    }
  }
}

/** Fetches the peers that are no dependency of ours; what cannot be had is said, and its cells stay "not measured". */
export function setupPeers(say: (line: string) => void): void {
  buildPrograms()
  attempt('uWebSockets.js', say, () => {
    writeFileSync(`${peersFolder}package.json`, '{"private":true}')
    const name = `@trufflesuite/uws-js-unofficial@${uwsVersion}`
    run('npm', ['install', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', name])
  })
  attempt('Nchan', say, () => {
    if (!existsSync(nchanModule)) run('apt-get', ['install', '-y', 'nginx', 'libnginx-mod-nchan'])
  })
  attempt('Centrifugo', say, () => {
    if (existsSync(centrifugoBinary)) return
    const module_ = 'github.com/centrifugal/centrifugo/v6'
    mkdirSync(`${peersFolder}go`, { recursive: true })
    writeFileSync(`${peersFolder}go/go.mod`, `module peers\n\nrequire ${module_} ${centrifugoVersion}\n`)
    run('go', ['build', '-mod=mod', '-o', centrifugoBinary, module_], `${peersFolder}go`)
  })
}

function run(program: string, args: readonly string[], cwd = peersFolder): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
}

function attempt(name: string, say: (line: string) => void, what: () => void): void {
  try {
    what()
    say(`${name}: ready`)
  } catch (error) {
    say(`${name}: NOT READY, its cells will say "not measured" (${String(error).split('\n')[0]})`)
  }
}
