import type { Hub } from '../hub/hub.ts'

/** What the server is doing, for people and, later, for the console. Names no client and holds no secret. */
export function statusOf(hub: Hub): unknown {
  return {
    state: hub.draining ? 'draining' : 'open',
    log: { epoch: hub.topics.epoch, position: hub.topics.feedPosition, durability: hub.log.durability },
    streams: hub.streaming.size,
    channels: hub.flow.snapshot(),
  }
}
