import type { ChildProcess } from 'node:child_process'
import { findTool } from '../../scripts/external-tools.mjs'
import { lmdbLog } from '../../src/log/lmdb.ts'
import { bundle, ended, start } from './lmdb-bundle.ts'
import type { DiskReport } from './lmdb-disk-process.ts'

/** An append that is not answered by then is a fault, in milliseconds. */
const patienceMs = 30_000

/** A log in a process of its own, on a disk that fails. */
export class DiskLog {
  readonly #child: ChildProcess
  #said = ''
  #n = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr!.on('data', (chunk) => (this.#said += chunk))
  }

  /** Opens a log in a process that runs under another program, if `before` names one and its arguments. */
  static async open(path: string, before: readonly string[] = []): Promise<DiskLog> {
    const log = new DiskLog(start(await bundle('lmdb-disk-process.ts'), [path], before))
    await log.#message()
    return log
  }

  /** What the process wrote to stderr. */
  get said(): string {
    return this.#said
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Appends the next event, and answers what became of it. */
  append(bytes = 100): Promise<DiskReport> {
    this.#child.send({ append: ++this.#n, bytes })
    return this.#message() as Promise<DiskReport>
  }

  async kill(): Promise<void> {
    this.#child.removeAllListeners('exit')
    this.#child.kill('SIGKILL')
    await ended(this.#child)
  }

  async close(): Promise<void> {
    if (this.alive) this.#child.disconnect()
    await ended(this.#child)
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const broken = (why: string) => reject(new Error(`${why}: ${this.#said}`))
      const timer = setTimeout(() => broken('It does not answer'), patienceMs)
      const onExit = (code: number | null, signal: string | null) => broken(`It ended with ${code ?? signal}`)
      this.#child.once('exit', onExit)
      this.#child.once('message', (message) => {
        clearTimeout(timer)
        this.#child.off('exit', onExit)
        resolve(message)
      })
    })
  }
}

/** The numbers of the events that the log holds when it is opened afterwards, on a disk that works. */
export async function keptIn(path: string): Promise<number[]> {
  const log = lmdbLog({ path })
  const page = await log.read([{ channel: 'disk', after: 0 }], { events: 100_000, bytes: 1024 ** 3 })
  await log.close()
  return page.events.map(({ payload }) => Number.parseInt(String(payload), 10))
}

/** How to run a process with a fault in a system call; `undefined` where that is not possible. */
export function withFault(call: string, fault: string): string[] {
  return [
    findTool('strace')!,
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:${fault}`,
  ]
}

/** Why faults cannot be injected here. */
export function noTracing(): string | undefined {
  return findTool('strace') ? undefined : 'strace is not installed (npm run setup)'
}
