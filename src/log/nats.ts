import type { ChannelLog } from '../hub/channel-log.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { NatsLog } from './nats/nats-log.ts'
import { type NatsLogOptions, settingsOf } from './nats/options.ts'
import { NatsPresence, type NatsPresenceOptions } from './nats/presence.ts'

export type { NatsLogOptions } from './nats/options.ts'
export type { NatsPresenceOptions } from './nats/presence.ts'

/**
 * A log in a JetStream stream, for any number of servers. It connects in the background; a call waits for the connection
 * and for its answer at most `timeoutMs`, then it fails with `unavailable`. Made for nats-server 2.9 and later.
 */
export function natsLog(options: NatsLogOptions = {}): ChannelLog {
  return new NatsLog(options, settingsOf(options))
}

/**
 * Presence of several servers that meet on NATS; it needs no JetStream. While NATS is out of reach each server goes on
 * with the members it hears of itself, and those of the others are gone after `timeoutMs`.
 */
export function natsPresence(options: NatsPresenceOptions = {}): PresenceStore {
  return new NatsPresence(options)
}
