import cluster from 'node:cluster'
import { once } from 'node:events'
import { ConfigError, type ServeConfig } from '../../config/index.ts'
import type { ReportError } from '../../hub/hub.ts'
import { primaryLog, primaryPresence } from '../../log/process.ts'
import { describeFailure } from '../../server/log-lines.ts'
import { CommandError, PortInUseError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { stopSignal } from '../terminal.ts'
import { placeOfLog } from './place-of-log.ts'
import { startServer } from './start-server.ts'
import { isStopOrder, type WorkerReport } from './worker-messages.ts'

/**
 * Runs one of the processes of `serve --workers`: it serves what the configuration says, with the primary's log, until
 * the primary or a signal stops it. What fails is told to the primary, which tells it once for all.
 */
export async function runWorker(configure: () => Promise<ServeConfig>): Promise<number> {
  const stop = AbortSignal.any([stopSignal(), stopOrder()])
  try {
    const config = await configure()
    const server = await startServer(config, { ...partsOf(config), onError })
    await report({ serve: 'listening', url: server.url })
    if (!stop.aborted) await once(stop, 'abort')
    await server.close()
    return exitCodes.ok
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof ConfigError
    const told = usage || error instanceof CommandError
    const message =
      error instanceof Error ? (told ? error.message : (error.stack ?? error.message)) : `${error}`
    const kind = usage ? 'usage' : error instanceof PortInUseError ? 'port-in-use' : 'other'
    await report({ serve: 'failed', message, kind })
    return usage ? exitCodes.usage : exitCodes.failure
  } finally {
    cluster.worker?.disconnect()
  }
}

/** What the primary owns. Presence is in one place even where each worker has a log of its own making. */
function partsOf(config: ServeConfig) {
  switch (placeOfLog(config.log)) {
    case 'primary':
      return { log: primaryLog(), presence: primaryPresence() }
    case 'file':
      return { presence: primaryPresence() }
    case 'network':
      return {}
  }
}

function stopOrder(): AbortSignal {
  const controller = new AbortController()
  process.on('message', (message) => {
    if (isStopOrder(message)) controller.abort()
  })
  return controller.signal
}

/** Every worker meets what is wrong with the log: the primary tells it once. */
const onError: ReportError = (error, stage) => {
  void report({ serve: 'trouble', message: `${stage}: ${describeFailure(error)}` })
}

function report(message: WorkerReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, {}, () => resolve())
    else resolve()
  })
}
