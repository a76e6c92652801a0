import type { Cluster, Redis, RedisOptions } from 'ioredis'
import { FairleadError } from '../../protocol/index.ts'
import { prefixOf, type RedisPlace } from './settings.ts'

/** Makes one connection to where the keys are; not yet connected. */
export type Dial = () => Promise<Redis>

/** What a connection of ours does not do: come back by itself, keep commands for later, send one a second time. */
const bare = {
  lazyConnect: true,
  retryStrategy: () => null,
  reconnectOnError: null,
  sentinelRetryStrategy: () => null,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  maxLoadingRetryTime: 1_000,
  connectTimeout: 2_000,
  // A line that carries nothing does not confirm its end either.
  disconnectTimeout: 10,
  enableAutoPipelining: false,
  disableClientInfo: true,
  keyPrefix: '',
  readOnly: false,
  // The older protocol: a subscriber's pushes and answers are the same on 6.2 and on all that came later.
  protocol: 2,
} as const satisfies RedisOptions

/** A place that Redis is at, and whether it is a cluster. */
export interface Place {
  readonly dial: Dial
  readonly cluster: boolean
}

export function placeOf(place: RedisPlace): Place {
  const { client, url = 'redis://127.0.0.1:6379' } = place
  if (client) {
    if (!client.isCluster) {
      const single = client as Redis
      return { dial: async () => single.duplicate(bare), cluster: false }
    }
    const key = `${prefixOf(place)}log`
    return { dial: () => dialOwner(nodesOf(client as Cluster), key), cluster: true }
  }
  const parsed = parseUrl(url)
  if (parsed.nodes.length === 0) {
    return { dial: async () => new (await redisClass())(url, bare), cluster: false }
  }
  return { dial: () => dialOwner(parsed.nodes, `${prefixOf(place)}log`), cluster: true }
}

async function redisClass(): Promise<typeof Redis> {
  try {
    return (await import('ioredis')).Redis
  } catch (cause) {
    throw new FairleadError('internal', 'The log on Redis needs the package ioredis: npm install ioredis', {
      cause,
    })
  }
}

/** The nodes of a cluster's URL; none for a single server's. */
function parseUrl(url: string): { nodes: RedisOptions[] } {
  const match = /^(rediss?)(\+cluster)?:\/\/(?:([^@/]*)@)?([^/]*)(?:\/.*)?$/.exec(url)
  // The URL is not repeated: it may hold a password.
  if (!match) throw new RangeError('redisLog: url begins with redis://, rediss:// or redis+cluster://.')
  const [, scheme, cluster, login = '', hosts = ''] = match
  if (!cluster) return { nodes: [] }
  const [username, password] = login.split(':').map(decodeURIComponent)
  const nodes = hosts.split(',').map((host) => {
    const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(host)!
    return {
      host: name!.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
      port: Number(port ?? 6379),
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(scheme === 'rediss' ? { tls: {} } : {}),
    }
  })
  return { nodes }
}

function nodesOf(cluster: Cluster): RedisOptions[] {
  const known = cluster.nodes('all').map(({ options }) => options)
  if (known.length > 0) return known
  const shared = cluster.options.redisOptions ?? {}
  const startup = (cluster as unknown as { startupNodes?: readonly (string | number | object)[] })
    .startupNodes
  return (startup ?? []).map((node) => {
    if (typeof node === 'number') return { ...shared, port: node } as RedisOptions
    if (typeof node === 'object') return { ...shared, ...node } as RedisOptions
    const [, host, port] = /^(?:rediss?:\/\/)?(.*?)(?::(\d+))?$/.exec(node)!
    return { ...shared, host, port: Number(port ?? 6379) } as RedisOptions
  })
}

/** A connection to the primary of the slot that `key` is in, asked of the first node that answers. */
async function dialOwner(nodes: readonly RedisOptions[], key: string): Promise<Redis> {
  const Redis = await redisClass()
  let failed: unknown
  for (const node of nodes) {
    const asked = new Redis({ ...node, ...bare, connectTimeout: 1_000 })
    asked.on('error', (error: unknown) => {
      failed = error
    })
    try {
      await asked.connect()
      const owner = await ownerOf(asked, key)
      if (owner) return new Redis({ ...node, ...bare, host: owner.host || node.host!, port: owner.port })
    } catch (error) {
      failed ??= error
    } finally {
      asked.disconnect()
    }
  }
  throw new FairleadError(
    'unavailable',
    `No node of the Redis cluster says who serves the log (${whyOf(failed)}).`,
  )
}

async function ownerOf(node: Redis, key: string): Promise<{ host: string; port: number } | undefined> {
  const slot = Number(await node.cluster('KEYSLOT', key))
  const ranges = (await node.cluster('SLOTS')) as unknown as [number, number, [string, number]][]
  const range = ranges.find(([from, to]) => from <= slot && slot <= to)
  return range && { host: range[2][0], port: range[2][1] }
}

/** The error itself is not handed on: it holds what was sent. */
function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : 'none answered'
}
