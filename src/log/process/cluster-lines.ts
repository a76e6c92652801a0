import cluster, { type Worker } from 'node:cluster'
import type { MessageLine } from './message-line.ts'

/** What has an IPC channel: a worker, as the primary has it, and the worker's own `process`. */
interface Messenger {
  send?(message: unknown, handle: undefined, options: object, sent: (error: Error | null) => void): boolean
  isConnected?(): boolean
  readonly connected?: boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

/** The line over an IPC channel. */
function ipcLine(messenger: Messenger): MessageLine {
  return {
    send(message, sent) {
      if (!(messenger.isConnected?.() ?? messenger.connected)) return
      // A channel that closes meanwhile says so with `disconnect`; the error of one send adds nothing.
      messenger.send?.(message, undefined, {}, (error) => {
        if (!error) sent()
      })
    },
    onMessage: (listener) => void messenger.on('message', listener),
    onClose: (listener) => void messenger.once('disconnect', listener),
  }
}

/** Calls back with the line to each worker of this cluster, those to come included, until the answer is called. */
export function eachWorkerLine(found: (line: MessageLine) => void): () => void {
  const add = (worker: Worker) => found(ipcLine(worker as Messenger))
  for (const worker of Object.values(cluster.workers ?? {})) if (worker) add(worker)
  cluster.on('fork', add)
  return () => void cluster.off('fork', add)
}

/** The line to the primary of this cluster. Throws `TypeError` in a process that is no worker. */
export function primaryLine(caller: string): MessageLine {
  if (cluster.isWorker) return ipcLine(process as Messenger)
  throw new TypeError(
    `${caller}() is for the workers of node:cluster; the primary has the log itself, and gives it with shareLog().`,
  )
}
