import type { Cluster, Redis } from 'ioredis'
import { type Clock, systemClock } from '../../hub/clock.ts'
import type { Durability } from '../../protocol/index.ts'

/** Where a Redis is, and under which names things are kept there. */
export interface RedisPlace {
  /**
   * `redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS, or `redis+cluster://host:port,host:port`
   * (`rediss+cluster://…`) for a cluster, of which all is kept on one primary. @default 'redis://127.0.0.1:6379'
   */
  readonly url?: string | undefined
  /**
   * A client of the application's own, in place of `url`: its settings are used (TLS, credentials, sentinels, the nodes
   * of a cluster) for two connections of the log's own. The client itself is left alone, because one that sends a
   * command again after a lost connection would append an event twice.
   */
  readonly client?: Redis | Cluster | undefined
  /** Keys are called `{prefix}:…`; each prefix is a log of its own. No braces. @default 'fairlead' */
  readonly prefix?: string | undefined
  /**
   * How long a call may take, a connection that is being made included, in milliseconds; then it fails with
   * `unavailable`. @default 5000
   */
  readonly deadlineMs?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/** Where a log on Redis is, and what it keeps; whichever bound is met first counts. */
export interface RedisLogOptions extends RedisPlace {
  /** Events in all. @default no bound but `bytes` */
  readonly events?: number | undefined
  /**
   * Memory of the kept events, in bytes: their names and payloads, 60 for an event and 4,400 for a channel beside.
   * Redis needs `maxmemory` well above it. The newest event is kept even if it is larger. @default 1 GiB
   */
  readonly bytes?: number | undefined
  /** Age of an event by the clock of Redis, in milliseconds. @default 24 hours */
  readonly ageMs?: number | undefined
  /** Channels of which nothing is kept but how far they went; beyond it the longest empty is forgotten. @default 100,000 */
  readonly channels?: number | undefined
  /**
   * Idempotency keys remembered at a time, each for 10 minutes and in about 250 bytes; beyond it an append with a new
   * key is refused with `busy`. @default 1,000,000
   */
  readonly keys?: number | undefined
  /**
   * Starts although Redis may evict keys when its memory is full. What is evicted is a gap to its readers, or begins a
   * new epoch: none is lost silently, but any may be lost. @default false
   */
  readonly evicting?: boolean | undefined
  /**
   * Replicas that have to confirm an append (`WAIT`) before it is answered; one that they do not confirm in time fails
   * with `unavailable` and is in the log. Fewer events are lost by a failover, not none. @default 0
   */
  readonly waitReplicas?: number | undefined
  /** What an append is answered with where Redis forbids `CONFIG GET`. @default the weakest it may be */
  readonly durability?: Durability | undefined
}

/** The options of a log, with their defaults. */
export interface Settings {
  readonly prefix: string
  readonly deadlineMs: number
  readonly clock: Clock
  readonly events: number
  readonly bytes: number
  readonly ageMs: number
  readonly channels: number
  readonly keys: number
  readonly evicting: boolean
  readonly waitReplicas: number
  readonly durability: Durability | undefined
}

/** Throws on an option that makes no sense. */
export function settingsOf(options: RedisLogOptions): Settings {
  return {
    prefix: prefixOf(options),
    deadlineMs: bound('deadlineMs', options.deadlineMs, 5_000),
    clock: options.clock ?? systemClock,
    events: bound('events', options.events, Number.POSITIVE_INFINITY),
    bytes: bound('bytes', options.bytes, 1024 ** 3),
    ageMs: bound('ageMs', options.ageMs, 24 * 60 * 60_000),
    channels: bound('channels', options.channels, 100_000),
    keys: bound('keys', options.keys, 1_000_000),
    evicting: options.evicting ?? false,
    waitReplicas: bound('waitReplicas', options.waitReplicas, 0),
    durability: options.durability,
  }
}

/** What all keys begin with: the braces put them into one hash slot. */
export function prefixOf({ prefix = 'fairlead' }: RedisPlace): string {
  if (prefix === '' || /[{}]/.test(prefix)) {
    throw new RangeError(`redisLog: prefix is a text without braces, not ${JSON.stringify(prefix)}.`)
  }
  return `{${prefix}}:`
}

/** A number from 0, or its default. */
export function bound(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard
  if (value >= 0) return value
  throw new RangeError(`redisLog: ${name} is a number from 0, not ${value}.`)
}
