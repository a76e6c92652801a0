import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readSource, root } from '../support/source-files.ts'

const run = promisify(execFile)
const { peerDependencies } = JSON.parse(readSource('package.json')) as { peerDependencies: object }

/** A folder outside the repository with the packed package installed in it, as a user has it. */
export interface Consumer {
  readonly folder: string
  /** The files of the package, as paths inside it. */
  readonly files: readonly string[]
  /** Runs a program in the folder; rejects when it fails. */
  run(file: string, ...args: string[]): Promise<{ stdout: string; stderr: string }>
  /** Writes a file there and runs it with Node. */
  runModule(name: string, text: string): Promise<{ stdout: string; stderr: string }>
  /** Has the optional peers there, as who chose a log or tokens does. */
  addPeers(): Promise<void>
  remove(): Promise<void>
}

/** Packs the build that is there and installs it with npm, without a network: `ws` comes from this repository. */
export async function installPacked(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-consumer-'))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? 'no tarball'
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  const ws = join(root, 'node_modules/ws')
  const install = ['install', '--offline', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', [...install, ws, `./${tarball}`], { cwd: folder })
  const inside = join(folder, 'node_modules/fairlead')
  const files = await readdir(inside, { recursive: true })
  const runHere: Consumer['run'] = (file, ...args) => run(file, args, { cwd: folder, timeout: 60_000 })
  return {
    folder,
    files: files.map((path) => path.replaceAll('\\', '/')).sort(),
    run: runHere,
    async runModule(name, text) {
      await writeFile(join(folder, name), text)
      return runHere(process.execPath, name)
    },
    async addPeers() {
      for (const peer of Object.keys(peerDependencies)) {
        const link = join(folder, 'node_modules', peer)
        await mkdir(dirname(link), { recursive: true })
        await symlink(join(root, 'node_modules', peer), link)
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
