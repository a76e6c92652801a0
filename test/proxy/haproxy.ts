import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/redis-server.ts'

/** HAProxy as the example configures it, in front of servers of a test. */
export interface Haproxy {
  /** Without a path. */
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

const example = new URL('../../examples/haproxy/haproxy.cfg', import.meta.url)

/**
 * Starts it in front of servers on these ports of the machine, with lines besides those of the example in its frontend;
 * resolves when it takes connections.
 */
export async function startHaproxy(program: string, ports: readonly number[], lines = ''): Promise<Haproxy> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, configure(await readFile(example, 'utf8'), port, ports, lines))
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4000)
    })
  }
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const stop = async (): Promise<void> => {
    process.off('exit', killAtExit)
    if (isRunning(child)) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (let tried = 1; !(await takes(port)); tried++) {
    if (isRunning(child) && tried < 200) continue
    await stop()
    throw new Error(`haproxy did not start: ${said}`)
  }
  return { url: `http://127.0.0.1:${port}`, port, stop }
}

/** The committed file with other ports, and as many servers as there are; nothing else is changed but for the lines. */
function configure(text: string, port: number, ports: readonly number[], lines: string): string {
  const servers = ports.map((server, i) => `    server s${i} 127.0.0.1:${server}`).join('\n')
  const changed = text
    .replace(/^( *bind) :8080$/m, `$1 127.0.0.1:${port}\n${lines}`)
    .replace(/^ *server one [\s\S]*127\.0\.0\.1:8083$/m, servers)
  if (!changed.includes(`127.0.0.1:${port}\n`) || !changed.includes(servers)) {
    throw new Error('The example has other lines than this expects.')
  }
  return changed
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function takes(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 25))
    return false
  } finally {
    socket.destroy()
  }
}
