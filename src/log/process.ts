import cluster from 'node:cluster'
import type { ChannelLog } from '../hub/channel-log.ts'
import { systemClock } from '../hub/clock.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { eachWorkerLine, primaryLine } from './process/cluster-lines.ts'
import { LogHost } from './process/log-host.ts'
import { PrimaryClient } from './process/primary-client.ts'
import { ProcessLog } from './process/process-log.ts'
import { ProcessPresence } from './process/process-presence.ts'

/** A log that the workers of a cluster share. */
export interface SharedLog {
  /** Closes the log and the presence store; workers that still ask get `unavailable`. Stop the workers first. */
  close(): Promise<void>
}

let shared = false
let toPrimary: PrimaryClient | undefined

/**
 * In the primary of `node:cluster`: gives its log and its presence store to all workers, those to come included, which
 * reach them with `primaryLog()` and `primaryPresence()`. It takes the feed of both, and closes both. Call
 * `cluster.setupPrimary({ serialization: 'advanced' })` before the first fork, so that payloads of bytes pass.
 *
 * Throws `TypeError` in a worker, and when a log is shared already.
 */
export function shareLog(log: ChannelLog, presence: PresenceStore): SharedLog {
  if (cluster.isWorker) throw new TypeError('shareLog() is for the primary; a worker calls primaryLog().')
  if (shared) throw new TypeError('A log is shared already: a cluster has one.')
  shared = true
  const host = new LogHost(log, presence, systemClock)
  const stop = eachWorkerLine((line) => host.add(line))
  return {
    async close() {
      stop()
      shared = false
      await host.close()
    },
  }
}

/**
 * The primary's log, in a worker of `node:cluster`; the same promises hold. A call is answered within 5 seconds or
 * throws `unavailable`; `busy` when 10,000 calls are open. `close` leaves the log itself open.
 *
 * Throws `TypeError` in a process that is no worker.
 */
export function primaryLog(): ChannelLog {
  return new ProcessLog(client('primaryLog'))
}

/** The primary's presence store, in a worker of `node:cluster`: see `primaryLog`. */
export function primaryPresence(): PresenceStore {
  return new ProcessPresence(client('primaryPresence'))
}

/** One for the process, whichever is asked for first: both speak over the same line. */
function client(caller: string): PrimaryClient {
  toPrimary ??= new PrimaryClient(primaryLine(caller), systemClock)
  return toPrimary
}
