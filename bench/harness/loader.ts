import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Opening, peersFolder } from './subjects.ts'

/** One line of the load program: counts and delays since `reset`; delays are in microseconds from the intended sending. */
export interface LoadCounts {
  readonly open: number
  readonly failed: number
  readonly failure: string
  readonly events: number
  readonly bytes: number
  readonly fewest: number
  readonly most: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** Events whose delay was measured. */
  readonly stamped: number
  /** How long the command took, and the CPU time of the load program since it began, in microseconds. */
  readonly us: number
  readonly cpuUs: number
}

/** What is counted, and what is sent: the settings of `load.c`. */
export interface LoadSettings extends Opening {
  readonly mark?: string
  readonly channels?: number
  readonly send?: string
  readonly frame?: boolean
}

/** The program that holds the connections. */
export interface Loader {
  open(count: number): Promise<LoadCounts>
  set(settings: Partial<LoadSettings>): Promise<void>
  reset(): Promise<LoadCounts>
  /** Resolves when so many events came since `reset`, or after the deadline. */
  wait(events: number, ms: number): Promise<LoadCounts>
  /** Keeps `window` sends on their way on every connection until `total` are answered. */
  sends(total: number, window: number, ms: number): Promise<LoadCounts>
  cut(): Promise<LoadCounts>
  close(): void
}

/** Starts the load program (`bench/load/load.c`) on the core of the harness. */
export function startLoader(port: number, settings: LoadSettings, program = `${peersFolder}load`): Loader {
  const child = spawn(program, [String(port), ...pairs(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting: { resolve: (counts: LoadCounts) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line) as LoadCounts),
  )
  const fail = (why: string): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`The load program ${why}.`))
  }
  child.on('error', (error) => fail(`does not start (${error.message}): npm run bench -- --setup`))
  child.on('exit', (code, signal) => fail(`ended with ${signal ?? code}`))
  const ask = (command: string): Promise<LoadCounts> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.stdin.write(`${command}\n`)
    })
  return {
    open: (count) => ask(`open ${count}`),
    async set(changed) {
      for (const pair of pairs(changed)) await ask(`set ${pair}`)
    },
    reset: () => ask('reset'),
    wait: (events, ms) => ask(`wait ${events} ${ms}`),
    sends: (total, window, ms) => ask(`sends ${total} ${window} ${ms}`),
    cut: () => ask('cut'),
    close: () => void child.kill('SIGKILL'),
  }
}

function pairs(settings: Partial<LoadSettings>): string[] {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'boolean' ? Number(value) : value}`)
}
