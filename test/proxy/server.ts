import { createServer } from '../../src/server/create-server.ts'
import { conformanceChannels } from '../../src/testing/index.ts'

/**
 * One of several servers on one log, in a process of its own: `FAIRLEAD_TEST_LOG` is the log's URL and
 * `FAIRLEAD_TEST_PORT` the port. On SIGTERM it closes as a deploy would have it. Run by `fleet.ts`.
 */

/** To the parent. */
export type FleetReport =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'failed'; readonly what: string }

const server = createServer({
  dev: true,
  log: process.env.FAIRLEAD_TEST_LOG ?? 'memory',
  channels: conformanceChannels,
  heartbeatMs: 1500,
  pingMs: 1500,
  onError: (error, stage) => tell({ is: 'failed', what: `${stage}: ${String(error)}` }),
})

function tell(report: FleetReport): void {
  if (process.connected) process.send!(report)
}

process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0))
})
// The parent is gone: so is the run.
process.on('disconnect', () => process.exit(0))

const { port } = await server.listen({ port: Number(process.env.FAIRLEAD_TEST_PORT ?? 0) })
tell({ is: 'listening', port })
