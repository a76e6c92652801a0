import type { Hub } from '../hub/hub.ts'

/** What the server is doing, for people and, later, for the console. Names no client and holds no secret. */
export function statusOf(hub: Hub): unknown {
  return {
    state: hub.stopping.aborted ? 'draining' : 'open',
    log: {
      epoch: hub.topics.epoch,
      position: hub.topics.feedPosition,
      durability: hub.log.durability,
      reachable: !hub.topics.outOfReach,
    },
    connections: hub.connections.count(),
    channels: hub.flow.snapshot(),
  }
}
