import type { ChannelLog } from '../hub/channel-log.ts'
import type { Clock } from '../hub/clock.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { memoryLog } from '../log/memory.ts'
import { memoryPresence } from '../log/memory-presence.ts'
import { type LogPlace, parseLogUrl } from './log-url.ts'

/** A log with the presence store of the same place. */
export interface OpenedLog {
  readonly log: ChannelLog
  /** Opened when first asked for: an application may have one of its own. */
  presence(): PresenceStore
}

/** What opening a log needs beside its URL. */
export interface OpenLogOptions {
  readonly clock: Clock
  readonly presenceTimeoutMs: number
  /** Finds a package, and throws when it is not installed. @default as this package's own imports are found */
  readonly resolve?: ((name: string) => unknown) | undefined
}

/** Which packages a log is built on; each is installed by who uses it. */
const packages: Readonly<Record<LogPlace['kind'], readonly string[]>> = {
  memory: [],
  lmdb: ['lmdb'],
  redis: ['ioredis'],
  nats: ['@nats-io/transport-node'],
}

/**
 * Opens the log that a URL names (see `parseLogUrl`). It connects in the background, so one that is out of reach is
 * opened all the same. Throws `TypeError` on a URL that cannot be and on a package that is not installed; what the log
 * itself throws when it is made.
 */
export async function openLog(url: string, options: OpenLogOptions): Promise<OpenedLog> {
  const place = parseLogUrl(url)
  assertInstalled(place.kind, options.resolve ?? ((name) => import.meta.resolve(name)))
  const { clock, presenceTimeoutMs: timeoutMs } = options
  const ownPresence = () => memoryPresence({ timeoutMs, clock })
  switch (place.kind) {
    case 'memory':
      return { log: memoryLog({ clock }), presence: ownPresence }
    case 'lmdb': {
      const { lmdbLog } = await import('../log/lmdb.ts')
      return { log: lmdbLog({ path: place.path, clock }), presence: ownPresence }
    }
    case 'redis': {
      const { redisLog, redisPresence } = await import('../log/redis.ts')
      const { url, prefix } = place
      return {
        log: redisLog({ url, prefix, clock }),
        presence: () => redisPresence({ url, prefix, timeoutMs, clock }),
      }
    }
    case 'nats': {
      const { natsLog, natsPresence } = await import('../log/nats.ts')
      const { stream, replicas } = place
      const servers = [...place.servers]
      return {
        log: natsLog({ servers, stream, replicas, clock }),
        presence: () => natsPresence({ servers, prefix: stream, timeoutMs, clock }),
      }
    }
  }
}

function assertInstalled(kind: LogPlace['kind'], resolve: (name: string) => unknown): void {
  for (const name of packages[kind]) {
    try {
      resolve(name)
    } catch (cause) {
      const all = packages[kind].join(' ')
      throw new TypeError(`A ${kind} log needs the package ${name}: npm install ${all}`, { cause })
    }
  }
}
