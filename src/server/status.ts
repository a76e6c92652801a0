import type { Hub } from '../hub/hub.ts'
import { flowReport } from './flow-report.ts'

/** What the server is doing, for people and, later, for the console. Names no client and holds no secret. */
export function statusOf(hub: Hub): unknown {
  return {
    state: hub.stopping.aborted ? 'draining' : 'open',
    logs: hub.logs.all.map(({ epoch, feedPosition, log, outOfReach }) => ({
      epoch,
      position: feedPosition,
      durability: log.durability,
      reachable: !outOfReach,
    })),
    connections: hub.connections.count(),
    /** Waiting polls included. */
    limits: { connections: hub.limits.connections, overloaded: hub.limits.overloaded },
    channels: hub.flow.snapshot(),
    /** The same per client, beside what was declared: what `fairlead advise --from URL` reads. */
    flows: flowReport(hub),
  }
}
