import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/redis-server.ts'

/** nginx in front of one server. */
export interface Nginx {
  /** Without a path. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts nginx with these lines in its `location /`, and `http` lines besides, where FOLDER stands for one of its own;
 * everything else is as nginx has it by default. Resolves when it takes connections.
 */
export async function startNginx(
  program: string,
  { location, http = '' }: { location: string; http?: string },
): Promise<Nginx> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-nginx-'))
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configure(port, folder, location, http.replaceAll('FOLDER', folder)))
  // Its error log goes to the standard error from the first line on.
  const child = spawn(program, ['-e', 'stderr', '-c', file, '-p', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4000)
  })
  const running = (): boolean => child.exitCode === null && child.signalCode === null
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const stop = async (): Promise<void> => {
    process.off('exit', killAtExit)
    if (running()) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (let tried = 1; !(await takes(port)); tried++) {
    if (running() && tried < 200) continue
    await stop()
    throw new Error(`nginx did not start: ${said}`)
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}

/** Alone in its process, so that it leaves no worker behind; its files are in its own folder. */
function configure(port: number, folder: string, location: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n')
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
${temporary}
access_log off;
${http}
server {
listen 127.0.0.1:${port};
location / {
${location}
}
}
}
`
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
