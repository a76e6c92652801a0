import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/hub/clock.ts'
import type { MessageLine } from '../../src/log/process/message-line.ts'
import { PrimaryClient } from '../../src/log/process/primary-client.ts'
import type { LogOpenOptions } from '../../src/testing/log-cases.ts'
import type { PresenceOpenOptions } from '../../src/testing/presence-cases.ts'

/** What the test asks of the process that holds the logs. */
export type HostOrder = { readonly id: number } & (
  | {
      readonly do: 'open'
      readonly host: number
      readonly log?: LogOpenOptions
      readonly presence?: PresenceOpenOptions
    }
  | { readonly do: 'connect'; readonly host: number; readonly line: number }
  | { readonly do: 'pass'; readonly ms: number }
)

interface Messenger {
  send?(message: unknown, handle: undefined, options: object, sent: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: { line?: number; message?: unknown }) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** One of several lines over one IPC channel. */
export function lineOver(messenger: Messenger, line: number): MessageLine {
  return {
    send: (message, sent) => void messenger.send!({ line, message }, undefined, {}, () => sent()),
    onMessage: (listener) =>
      void messenger.on('message', (got) => {
        if (got.line === line) listener(got.message)
      }),
    onClose: (listener) => void messenger.once('disconnect', listener),
  }
}

type Order = HostOrder extends infer One ? (One extends HostOrder ? Omit<One, 'id'> : never) : never

/** A process of its own that holds logs. */
export class HostProcess {
  readonly child: ChildProcess
  #last = 0
  #lines = 0

  constructor() {
    this.child = fork(fileURLToPath(new URL('./process-host.ts', import.meta.url)), {
      execArgv: ['--import', import.meta.resolve('tsx')],
      serialization: 'advanced',
    })
    this.child.setMaxListeners(0)
  }

  /** Gives an order, and resolves when it was carried out. */
  order(order: Order): Promise<void> {
    const id = ++this.#last
    return new Promise((resolve) => {
      const done = (message: unknown) => {
        if ((message as { done?: number }).done !== id) return
        this.child.off('message', done)
        resolve()
      }
      this.child.on('message', done)
      this.child.send({ order: { ...order, id } })
    })
  }

  /** A new log and presence store in the process; its number. */
  async open(log?: LogOpenOptions, presence?: PresenceOpenOptions): Promise<number> {
    const host = ++this.#lines
    await this.order({ do: 'open', host, ...(log && { log }), ...(presence && { presence }) })
    return host
  }

  /** Another worker of one of its logs. */
  async connect(host: number): Promise<PrimaryClient> {
    const line = ++this.#lines
    await this.order({ do: 'connect', host, line })
    return new PrimaryClient(lineOver(this.child, line), systemClock)
  }
}
