import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { startExternal } from './external.ts'
import type { Subject, Told } from './subjects.ts'

/** The server under measure has this core to itself; everything else has the other. */
export const serverCore = 0
export const loadCore = 1

const startMs = 15_000

/** A subject that runs. */
export interface RunningServer {
  readonly port: number
  /** Of the control connection; `undefined` when it publishes by its own API. */
  readonly control: number | undefined
  /** CPU time of all its threads since it began, in microseconds, as the kernel counted it. */
  cpuUs(): number
  /** Resident memory of all its processes, in bytes. */
  memory(): number
  /** Resolves when it has had next to nothing to do for a while. */
  quiet(): Promise<void>
  /** Collects garbage, where that is possible. */
  collect(): Promise<void>
  stop(): Promise<void>
}

export interface StartOptions {
  /** Flags for Node; ignored by subjects that are no Node programs. */
  readonly nodeFlags?: readonly string[]
}

/** Starts a subject on its core. Rejects when it does not say where it listens. */
export async function startServer(
  subject: Subject,
  told: Told,
  options: StartOptions = {},
): Promise<RunningServer> {
  if (!subject.command) return running(await startExternal(subject, serverCore))
  const [program = '', ...rest] = subject.command(told)
  const flags = program === process.execPath ? (options.nodeFlags ?? []) : []
  const child = spawn('taskset', ['-c', String(serverCore), program, ...flags, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      ...(told.native === false && { FAIRLEAD_WRITE_LOOP: 'plain' }),
    },
  })
  const { port, control } = JSON.parse(await firstLine(child)) as { port: number; control: number }
  return running({ child, port, control })
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`No server after ${startMs} ms.`)), startMs)
    let said = ''
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      if (!said.includes('\n')) return
      clearTimeout(late)
      resolve(said)
    })
    child.once('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`The server ended with ${code} before it listened.`))
    })
  })
}

/** A process that was started, and where it listens. */
export interface Started {
  readonly child: ChildProcess
  readonly port: number
  readonly control: number | undefined
}

function running({ child, port, control }: Started): RunningServer {
  const pid = child.pid!
  const cpuUs = (): number => sum(family(pid).map(cpuOf))
  return {
    port,
    control,
    cpuUs,
    memory: () => sum(family(pid).map(residentOf)),
    async quiet() {
      for (let i = 0, before = cpuUs(); i < 20; i++) {
        await wait(100)
        const after = cpuUs()
        if (after - before < 1500) return
        before = after
      }
    },
    async collect() {
      if (control !== undefined) await askForCollection(control)
    },
    async stop() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(late)
    },
  }
}

async function askForCollection(port: number): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.write('gc\n')
  await Promise.race([once(socket, 'data'), wait(10_000)])
  socket.destroy()
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** A process and its children: nginx serves from a worker. */
function family(pid: number): number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).trim()
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => family(Number(child))))]
}

/** The first figure of schedstat is time on a processor in nanoseconds, user's and kernel's, without the error of ticks. */
function cpuOf(pid: number): number {
  let total = 0
  for (const task of tasksOf(pid)) {
    total += Number(readText(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1000
  }
  return total
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // It ended meanwhile.
  }
}

function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024
}

/** How long a core was busy since the machine began, in microseconds, in steps of 10 ms. */
export function busyUs(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readText('/proc/stat'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number)
  return (user + nice + system + irq + softirq) * 10_000
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
