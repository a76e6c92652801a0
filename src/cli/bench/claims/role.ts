import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a process can be asked: functions by name, whose arguments and answers pass as JSON. */
export type Actions = Readonly<Record<string, (args: never) => unknown>>

/** A process of its own that answers `ask`, typed by its actions. */
export interface Role<A extends Actions> {
  readonly pid: number
  /** Rejects with the action's error, when there is no answer within a minute, and when the process ends. */
  ask<Name extends keyof A & string>(
    name: Name,
    ...args: Parameters<A[Name]>
  ): Promise<Awaited<ReturnType<A[Name]>>>
  /** Ends the process; it ends by itself when this one does. */
  close(): void
}

interface Order {
  readonly ref: number
  readonly name: string
  readonly args: unknown
}

interface Answer {
  readonly ref: number
  readonly value?: unknown
  readonly error?: string
}

const isSource = import.meta.url.endsWith('.ts')
const answerMs = 60_000

/** Starts the process of `roles/NAME`. */
export function forkRole<A extends Actions>(name: string): Role<A> {
  const main = new URL(`roles/${name}.${isSource ? 'ts' : 'js'}`, import.meta.url)
  const execArgv = ['--expose-gc', ...(isSource ? ['--import', 'tsx'] : [])]
  const child = fork(fileURLToPath(main), { execArgv })
  const send = asker(child)
  return {
    pid: child.pid!,
    ask: (action, ...[args]) => send(action, args) as Promise<Awaited<ReturnType<A[typeof action]>>>,
    close: () => void child.kill('SIGKILL'),
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

function asker(child: ChildProcess): (name: string, args: unknown) => Promise<unknown> {
  const waiting = new Map<number, Waiting>()
  let lastRef = 0
  child.on('message', ({ ref, value, error }: Answer) => {
    if (error === undefined) waiting.get(ref)?.resolve(value)
    else waiting.get(ref)?.reject(new Error(error))
    waiting.delete(ref)
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`A process ended with ${signal ?? code}.`))
    waiting.clear()
  })
  return (name, args) => {
    const ref = ++lastRef
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(ref)
        reject(new Error(`No answer to ${name} within ${answerMs / 1000} s.`))
      }, answerMs)
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(late)
          then(value)
        }
      waiting.set(ref, { resolve: settle(resolve), reject: settle(reject) })
      child.send({ ref, name, args } satisfies Order)
    })
  }
}

/** In the process: answers what it is asked, and ends with its parent. */
export function serveActions(actions: Actions): void {
  process.on('message', ({ ref, name, args }: Order) => {
    const action = actions[name] as ((args: unknown) => unknown) | undefined
    Promise.resolve()
      .then(() => action?.(args))
      .then(
        (value) => process.send?.({ ref, value } satisfies Answer),
        (error: unknown) => process.send?.({ ref, error: String(error) } satisfies Answer),
      )
  })
  process.on('disconnect', () => process.exit(0))
}

/** What a process has used so far, after it cleared its garbage. */
export interface Usage {
  readonly cpuUs: number
  readonly rss: number
  /** Of the heap and of buffers beside it, in bytes. */
  readonly heap: number
}

/** This process's own. `clear` collects garbage first, which costs CPU: only for memory. */
export function usage(clear: boolean): Usage {
  if (clear) for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuUs: user + system, rss, heap: heapUsed + external }
}
