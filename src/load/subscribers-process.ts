import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SubscriberCounts, SubscribersOptions } from './subscribers.ts'
import type { SubscriberOrder, SubscriberReport } from './subscribers-main.ts'

/** Subscribers in a process of their own. */
export interface SubscribersProcess {
  readonly pid: number
  /** Connects all that are not connected; each goes on where it was cut. */
  open(): Promise<SubscriberCounts>
  /** Cuts every connection. */
  cut(): Promise<SubscriberCounts>
  /** Resolves when every subscriber has seen so many events; a later call replaces one that waits. */
  reached(events: number): Promise<SubscriberCounts>
  counts(): Promise<SubscriberCounts>
  /** Ends the process; it ends by itself when this one does. */
  close(): void
}

const isSource = import.meta.url.endsWith('.ts')

/** Starts the process; nothing is connected yet. Its calls reject when the process ends before it answered. */
export function forkSubscribers(options: SubscribersOptions): SubscribersProcess {
  const main = new URL(`subscribers-main.${isSource ? 'ts' : 'js'}`, import.meta.url)
  const child = fork(fileURLToPath(main), { execArgv: isSource ? ['--import', 'tsx'] : [] })
  const ask = asker(child)
  child.send({ ref: 0, do: 'start', options } satisfies SubscriberOrder)
  return {
    pid: child.pid!,
    open: () => ask({ do: 'open' }),
    cut: () => ask({ do: 'cut' }),
    reached: (events) => ask({ do: 'reached', events }),
    counts: () => ask({ do: 'counts' }),
    close: () => void child.kill(),
  }
}

type Question =
  | { readonly do: 'open' | 'cut' | 'counts' }
  | { readonly do: 'reached'; readonly events: number }

function asker(child: ChildProcess): (question: Question) => Promise<SubscriberCounts> {
  const waiting = new Map<
    number,
    { resolve: (counts: SubscriberCounts) => void; reject: (error: Error) => void }
  >()
  let lastRef = 0
  child.on('message', ({ ref, counts }: SubscriberReport) => {
    waiting.get(ref)?.resolve(counts)
    waiting.delete(ref)
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(ended(signal ?? code))
    waiting.clear()
  })
  return (question) => {
    if (child.exitCode !== null || child.signalCode !== null)
      return Promise.reject(ended(child.signalCode ?? child.exitCode))
    const ref = ++lastRef
    return new Promise((resolve, reject) => {
      waiting.set(ref, { resolve, reject })
      child.send({ ref, ...question } satisfies SubscriberOrder)
    })
  }
}

function ended(how: string | number | null): Error {
  return new Error(`The subscribers’ process ended with ${how}.`)
}
