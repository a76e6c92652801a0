import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { within } from '../../src/testing/wire/inbox.ts'

/** An answer may take this long, in milliseconds: a server that is stalled on purpose answers late. */
const answerMs = 60_000

/** What a process may be started with. */
export interface ProcessOptions {
  /** A command that runs another one, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
  readonly nodeFlags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A process of a row, asked over its channel; `Answer` maps each order to what comes back. */
export interface Talking<Order extends { readonly do: string }> {
  readonly pid: number
  ask<A>(order: Order): Promise<A>
  signal(name: NodeJS.Signals): void
  readonly exitCode: number | null
  /** Resolves with the code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** Ends it at once. */
  kill(): Promise<void>
}

/** Starts `file` of this folder and resolves when it says that it is ready. */
export async function startTalking<Order extends { readonly do: string }>(
  file: string,
  setup: unknown,
  { prefix = [], nodeFlags = [], env = {} }: ProcessOptions = {},
): Promise<Talking<Order> & { readonly ready: unknown }> {
  const main = fileURLToPath(new URL(file, import.meta.url))
  const [command = '', ...args] = [...prefix, process.execPath, ...nodeFlags, '--import', 'tsx', main]
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env, FAIRLEAD_FAULT_SETUP: JSON.stringify(setup) },
  })
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string)
  const ask = asker(child, ended)
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await ended
  }
  try {
    const ready = await ask({ do: 'ready' })
    return {
      pid: child.pid!,
      ready,
      ask: <A>(order: Order) => ask(order) as Promise<A>,
      signal: (name) => void child.kill(name),
      get exitCode() {
        return child.exitCode
      },
      ended,
      kill,
    }
  } catch (error) {
    await kill()
    throw error
  }
}

function asker(child: ChildProcess, ended: Promise<unknown>): (order: { do: string }) => Promise<unknown> {
  const waiting = new Map<number, (answer: unknown) => void>()
  let refs = 0
  child.on('message', (said: { ref: number; answer: unknown }) => {
    waiting.get(said.ref)?.(said.answer)
    waiting.delete(said.ref)
  })
  const over = ended.then((how) => {
    throw new Error(`The process ended with ${String(how)}.`)
  })
  over.catch(() => {})
  return (order) => {
    const ref = ++refs
    const answer = new Promise((resolve) => waiting.set(ref, resolve))
    child.send({ ref, order }, () => {})
    return within(`the answer to ${order.do}`, Promise.race([answer, over]), answerMs)
  }
}

/** What the parent gave this process to start with. */
export function setupOf<T>(): T {
  return JSON.parse(process.env.FAIRLEAD_FAULT_SETUP!) as T
}

/** In the process: answers each order of the parent, and ends with it. */
export function answerOrders<Order extends { readonly do: string }>(
  ready: unknown,
  carryOut: (order: Order) => unknown,
): void {
  process.on('message', async ({ ref, order }: { ref: number; order: Order }) => {
    const answer = order.do === 'ready' ? ready : await carryOut(order)
    process.send!({ ref, answer: answer ?? null }, () => {})
  })
  // The parent is gone: so is the run.
  process.on('disconnect', () => process.exit(0))
}
