import type { ChannelLog } from '../hub/channel-log.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { RedisLog } from './redis/log.ts'
import { RedisPresence, type RedisPresenceOptions } from './redis/presence.ts'
import type { RedisLogOptions } from './redis/settings.ts'

export type { RedisPresenceOptions } from './redis/presence.ts'
export type { RedisLogOptions, RedisPlace } from './redis/settings.ts'

/**
 * A log in the streams of a Redis, which any number of servers share. It is as durable as Redis is configured to be,
 * and says so in each answer: `memory` without an append-only file, `os` with one that is synced now and then, `disk`
 * with `appendfsync always`. When Redis may have lost events (it was started again, a replica took over, its data were
 * deleted) a new epoch begins before anything else is appended.
 *
 * The connection is made in the background: calls wait for it up to `deadlineMs`, and fail with `unavailable` then.
 */
export function redisLog(options: RedisLogOptions = {}): ChannelLog {
  return new RedisLog(options)
}

/**
 * Presence over all servers that share a Redis: a member is there as long as any of them hears of it, and gone
 * `timeoutMs` after the last heard of it, also when a server was killed. It may lie on the Redis of a log, under the
 * same prefix. What Redis loses, the servers tell it again.
 */
export function redisPresence(options: RedisPresenceOptions = {}): PresenceStore {
  return new RedisPresence(options)
}
