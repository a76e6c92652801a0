import cluster from 'node:cluster'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { ServeConfig } from '../../config/index.ts'
import { systemClock } from '../../hub/clock.ts'
import { memoryLog } from '../../log/memory.ts'
import { memoryPresence } from '../../log/memory-presence.ts'
import { type SharedLog, shareLog } from '../../log/process.ts'
import { openLog } from '../../server/open-log.ts'
import { CommandError, PortInUseError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { placeOfLog } from './place-of-log.ts'
import { asCommandError, type RunningServer } from './start-server.ts'
import { WorkerPool } from './worker-pool.ts'

/** How often another free port is chosen. */
const portTries = 5

/**
 * Starts `count` processes that listen on one port; this one owns what belongs to one process. Throws `CommandError` or
 * `ConfigError`, once for all of them, when they cannot start.
 */
export async function startWorkers(
  config: ServeConfig,
  count: number,
  terminal: Terminal,
): Promise<RunningServer> {
  // On one shared port each scrape would be answered by another process, with that one's figures.
  if (config.operations)
    throw new CommandError('operations is of one process: run it with --workers 1, or leave it out.')
  const shared = await share(config)
  const note = (line: string) => terminal.note(terminal.noteStyle('yellow', line))
  let pool: WorkerPool | undefined
  const close = async () => {
    await pool?.stop()
    await shared?.close()
  }
  try {
    for (let tried = 1; ; tried++) {
      await setUp(config)
      pool = new WorkerPool(count, note)
      try {
        return { url: await pool.start(), close }
      } catch (error) {
        // Between the choice of a free port and its use another program may take it.
        if (config.port !== 0 || !(error instanceof PortInUseError) || tried === portTries) throw error
        await pool.stop()
      }
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Any free port (0) is chosen here: left to the workers, it would be another one for those that start when all others
 * have ended.
 */
async function setUp({ port, host }: ServeConfig): Promise<void> {
  const args = process.argv.slice(2)
  const chosen = port === 0 ? ['--port', String(await freePort(host))] : []
  // Advanced: payloads of bytes pass.
  cluster.setupPrimary({ serialization: 'advanced', args: [...args, ...chosen] })
}

async function freePort(host: string): Promise<number> {
  const probe = createServer()
  try {
    const listening = once(probe, 'listening')
    probe.listen(0, host === 'localhost' ? '127.0.0.1' : host)
    await listening
    return (probe.address() as AddressInfo).port
  } catch (error) {
    throw asCommandError(error, 0, host)
  } finally {
    probe.close()
  }
}

async function share({ log, presenceTimeoutMs, port, host }: ServeConfig): Promise<SharedLog | undefined> {
  const presence = () => memoryPresence({ timeoutMs: presenceTimeoutMs })
  switch (placeOfLog(log)) {
    case 'network':
      return undefined
    case 'file':
      // Each worker runs the file again and has the log of its own that it makes; this process has no use for one.
      await (typeof log === 'string' ? undefined : log.close())
      return shareLog(memoryLog(), presence())
    case 'primary':
      try {
        const opened = await openLog(String(log), { clock: systemClock, presenceTimeoutMs })
        await opened.log.head()
        return shareLog(opened.log, opened.presence())
      } catch (error) {
        throw asCommandError(error, port, host)
      }
  }
}
