import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

const deadlineMs = 15_000

/** A program that runs beside a test, and is killed with it. */
export interface Program {
  /** What it printed so far. */
  readonly output: string
  readonly errors: string
  /** Resolves when what it printed so far matches; rejects after a deadline. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  type(text: string): void
  kill(): void
  /** The exit code. */
  readonly exited: Promise<number | null>
}

/** Starts a program. */
export function startProgram(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, NO_COLOR: '1' } })
  const said = { output: '', errors: '' }
  const watchers = new Set<() => void>()
  const hear = (name: keyof typeof said) => (chunk: Buffer) => {
    said[name] += chunk.toString()
    for (const watch of watchers) watch()
  }
  child.stdout.on('data', hear('output'))
  child.stderr.on('data', hear('errors'))
  child.stdin.on('error', () => {})
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve)
    child.on('error', reject)
  })
  onTestFinished(() => void child.kill())
  return {
    get output() {
      return said.output
    },
    get errors() {
      return said.errors
    },
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer)
          watchers.delete(watch)
        }
        const watch = (): void => {
          const found = pattern.exec(said.output)
          if (!found) return
          stop()
          resolve(found)
        }
        const timer = setTimeout(() => {
          stop()
          reject(new Error(`${command} printed no ${pattern}:\n${said.output}\n${said.errors}`))
        }, deadlineMs)
        watchers.add(watch)
        watch()
      }),
    type: (text) => void child.stdin.write(text),
    kill: () => void child.kill(),
    exited,
  }
}
