import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Started } from './server-process.ts'
import { centrifugoBinary, nchanModule, type Subject } from './subjects.ts'

/** Starts a server that is no program of ours: it gets a configuration with a free port, and is tried until it answers. */
export async function startExternal({ name }: Subject, core: number): Promise<Started> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), `fairlead-bench-${name}-`))
  const command = name === 'nchan' ? nchan(folder, port) : centrifugo(folder, port)
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, GOMAXPROCS: '1' },
  })
  for (let i = 0; i < 100; i++) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it listened.`)
    if (await answers(port)) return { child, port, control: undefined }
    await wait(100)
  }
  child.kill('SIGKILL')
  throw new Error(`${name} did not listen within 10 s.`)
}

function nchan(folder: string, port: number): string[] {
  const text = readFileSync(new URL('../peers/nchan.conf', import.meta.url), 'utf8')
    .replaceAll('FOLDER', folder)
    .replace('PORT', String(port))
    .replace('MODULE', nchanModule)
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, text)
  return ['nginx', '-p', folder, '-e', join(folder, 'error.log'), '-c', file]
}

function centrifugo(folder: string, port: number): string[] {
  const config = JSON.parse(readFileSync(new URL('../peers/centrifugo.json', import.meta.url), 'utf8')) as {
    http_server: Record<string, unknown>
  }
  config.http_server.port = port
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  return [centrifugoBinary, '-c', file]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const say = (yes: boolean) => (): void => {
      socket.destroy()
      resolve(yes)
    }
    socket.on('connect', say(true)).on('error', say(false))
  })
}
