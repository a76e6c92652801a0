import cluster from 'node:cluster'

/**
 * Throws `TypeError` in a worker of `node:cluster` (and of what is built on it, such as PM2's cluster mode): a log that
 * belongs to one process would be another one in each worker, and four silent logs are worse than an error.
 */
export function assertSoleProcess(what: string): void {
  if (!cluster.isWorker) return
  throw new TypeError(
    `${what} belongs to one process, and this is one of several workers: each would have a log of its own. ` +
      'Run "fairlead serve --workers N", or let the primary call shareLog() and the workers primaryLog() (fairlead/log/process), ' +
      'or use a log that servers share, such as redis:// or nats://; or run one process (with PM2: fork mode).',
  )
}
