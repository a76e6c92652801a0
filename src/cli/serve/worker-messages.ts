/** Set for the processes that `serve --workers` starts; no option of a person's. */
export const workerVariable = 'FAIRLEAD_SERVE_WORKER'

/** What a worker of `serve --workers` tells the primary. */
export type WorkerReport =
  | { readonly serve: 'listening'; readonly url: string }
  | { readonly serve: 'failed'; readonly message: string; readonly kind: 'usage' | 'port-in-use' | 'other' }
  /** What failed and has no request to answer. */
  | { readonly serve: 'trouble'; readonly message: string }

/** What the primary tells a worker. */
export interface WorkerOrder {
  readonly serve: 'stop'
}

/** Whether a message is a worker's report. */
export function isReport(message: unknown): message is WorkerReport {
  return isOurs(message) && ['listening', 'failed', 'trouble'].includes(String(message.serve))
}

/** Whether a message is the order to stop. */
export function isStopOrder(message: unknown): message is WorkerOrder {
  return isOurs(message) && message.serve === 'stop'
}

function isOurs(message: unknown): message is { serve: unknown } {
  return typeof message === 'object' && message !== null && 'serve' in message
}
