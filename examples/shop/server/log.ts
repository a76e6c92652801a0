import type { ServerOptions } from 'fairlead'

/** How long the shop may be closed and still know what it sold: logs keep a day unless told otherwise. */
const ageMs = 365 * 24 * 60 * 60_000

/**
 * Opens the log that a URL names, as `createServer({ log: url })` does, but keeps events for a year. On one that is for
 * several servers, who is in the shop is known there too.
 */
export async function openLog(url: string): Promise<Pick<ServerOptions, 'log' | 'presence'>> {
  const [address = '', query] = url.split('?')
  const { prefix, stream } = Object.fromEntries(new URLSearchParams(query))
  const [kind = ''] = address.split(':')
  if (kind === 'lmdb') {
    const { lmdbLog } = await import('fairlead/log/lmdb')
    return { log: lmdbLog({ path: address.slice('lmdb:'.length), ageMs }) }
  }
  if (kind.startsWith('redis')) {
    const { redisLog, redisPresence } = await import('fairlead/log/redis')
    return {
      log: redisLog({ url: address, prefix, ageMs }),
      presence: redisPresence({ url: address, prefix }),
    }
  }
  if (kind === 'nats') {
    const { natsLog, natsPresence } = await import('fairlead/log/nats')
    return {
      log: natsLog({ servers: address, stream, ageMs }),
      presence: natsPresence({ servers: address, prefix: stream }),
    }
  }
  return { log: url }
}
