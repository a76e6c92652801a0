import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const entry = fileURLToPath(new URL('./entry.ts', import.meta.url))
const loader = import.meta.resolve('tsx')
const deadlineMs = 15_000

/** How a command is run. */
export interface CliOptions {
  readonly cwd?: string
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  readonly input?: string
}

/** How a command ended. */
export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that is running. It is killed, by its id, when the test is over. */
export interface CliProcess {
  readonly pid: number
  /** What it has printed so far. */
  readonly stdout: string
  readonly stderr: string
  /** Resolves when `check` finds something (not false, not undefined) in what was printed; rejects after a deadline. */
  until<T>(check: (output: { stdout: string; stderr: string }) => T | false | undefined): Promise<T>
  signal(name: NodeJS.Signals): void
  /** Resolves when it has ended; rejects after a deadline. */
  readonly done: Promise<CliResult>
}

/** Runs `fairlead ARGS…` and resolves when it has ended. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return startCli(args, options).done
}

/** Starts `fairlead ARGS…`. */
export function startCli(args: readonly string[], { cwd, env, input }: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, ['--import', loader, entry, ...args], {
    cwd,
    env: clean({ ...process.env, ...env }),
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.end(input)
  const output = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const watch of watchers) watch()
    })
  }
  const said = (): string => `fairlead ${args.join(' ')} said:\n${output.stdout}${output.stderr}`
  const done = ended(child).then((code) => ({ code, ...output }))
  return {
    pid: child.pid!,
    get stdout() {
      return output.stdout
    },
    get stderr() {
      return output.stderr
    },
    signal: (name) => void child.kill(name),
    get done() {
      return within(done, said)
    },
    until<T>(check: (output: { stdout: string; stderr: string }) => T | false | undefined): Promise<T> {
      const found = new Promise<T>((resolve) => {
        const watch = (): void => {
          const value = check(output)
          if (value !== false && value !== undefined) resolve(value)
        }
        watchers.add(watch)
        watch()
      })
      return within(found, said)
    },
  }
}

/** Names of the variables of a developer's own shell must not change what a test sees. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name, value]) => value !== undefined && name !== 'NODE_ENV')
  const { NODE_ENV } = env
  return { ...Object.fromEntries(kept), ...(NODE_ENV === 'production' && { NODE_ENV }), NO_COLOR: '1' }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}

async function within<T>(work: Promise<T>, said: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing after ${deadlineMs} ms. ${said()}`)), deadlineMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
