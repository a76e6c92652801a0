import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSource, root } from '../support/source-files.ts'

/** README.md's blocks marked `<!-- test:NAME -->`, by name. */
const blocks = new Map(
  [...readSource('README.md').matchAll(/<!-- test:(\w+) -->\s*```\w+\n([\s\S]*?)```/g)].map(
    ([, name = '', code = '']) => [name, code],
  ),
)
const server = blocks.get('server') ?? ''
const client = blocks.get('client') ?? ''

let folder: string
let port: number
const running: ChildProcess[] = []

beforeAll(async () => {
  port = await freePort()
  await mkdir(join(root, '.tmp'), { recursive: true })
  // Inside the repository `fairlead` is the built package, through its own exports.
  folder = await mkdtemp(join(root, '.tmp/readme-'))
  for (const [name, code] of blocks) {
    await writeFile(join(folder, `${name}.ts`), code.replaceAll('3000', String(port)))
  }
})

afterAll(async () => {
  await Promise.all(running.map(stop))
  await rm(folder, { recursive: true, force: true })
})

function codeLines(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
}

describe('README.md', () => {
  it('shows a server of ten lines and a client of six', () => {
    expect(codeLines(server)).toBeGreaterThan(0)
    expect(codeLines(server)).toBeLessThanOrEqual(10)
    expect(codeLines(client)).toBeGreaterThan(0)
    expect(codeLines(client)).toBeLessThanOrEqual(6)
    expect(server, 'the port, for this test to put another in its place').toContain('3000')
  })

  it('shows code that the compiler takes', async () => {
    const extended = join(root, 'tsconfig.json')
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ extends: extended, include: ['*.ts'] }))
    const compiler = start(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder)
    await compiler.ended
    expect(compiler.output()).toBe('')
  })

  it('shows a server and a client that run: the client prints what the server publishes', async () => {
    const serving = start(tsx, 'server.ts')
    await until(() => answers(port), serving)
    const reading = start(tsx, 'client.ts')
    await until(() => reading.output().trim() !== '', reading)
    expect(reading.output()).not.toMatch(/Error/)
  }, 40_000)
})

const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')

interface Running {
  readonly ended: Promise<unknown>
  /** Everything it printed so far. */
  output(): string
  hasEnded(): boolean
}

function start(...args: string[]): Running {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = new Promise((resolve) => child.once('close', resolve))
  return { ended, output: () => output, hasEnded: () => child.exitCode !== null }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await ended
  clearTimeout(late)
}

/** Waits for a condition while a program runs; fails with what it printed when it ends or 15 s have passed. */
async function until(condition: () => boolean | Promise<boolean>, program: Running): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await condition())) {
    if (program.hasEnded() || Date.now() > deadline) throw new Error(`it did not come:\n${program.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function answers(at: number): Promise<boolean> {
  return fetch(`http://localhost:${at}/live/_status`).then(
    async (response) => {
      await response.body?.cancel()
      return true
    },
    () => false,
  )
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port: found } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return found
}
