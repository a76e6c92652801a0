/** Where a log is, as its URL says. */
export type LogPlace =
  | { readonly kind: 'memory' }
  | { readonly kind: 'lmdb'; readonly path: string }
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string | undefined }
  | {
      readonly kind: 'nats'
      readonly servers: readonly string[]
      readonly stream: string | undefined
      readonly replicas: number | undefined
    }

/** What may stand in a log's URL, for messages and help. */
export const logForms =
  'memory, lmdb:PATH, redis://HOST:PORT/DB, rediss://…, redis+cluster://HOST:PORT,… or nats://HOST:PORT,…'

/** Reads a log's URL; nothing is opened. Throws `TypeError`, whose message repeats nothing that may be secret. */
export function parseLogUrl(url: string): LogPlace {
  if (url === 'memory') return { kind: 'memory' }
  const [scheme = ''] = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url) ?? []
  switch (scheme.toLowerCase()) {
    case 'lmdb':
      return { kind: 'lmdb', path: pathOf(url.slice('lmdb:'.length)) }
    case 'redis':
    case 'rediss':
    case 'redis+cluster':
    case 'rediss+cluster':
      return redisPlace(url)
    case 'nats':
      return natsPlace(url)
    default:
      throw new TypeError(`A log is ${logForms}${scheme === '' ? '' : `; ${scheme}: is none of them`}.`)
  }
}

/** What of a log is secret and may come back in the message of an error: who signs in, as it is written and as it is meant. */
export function logUrlSecrets(log: unknown): string[] {
  if (typeof log !== 'string') return []
  const userinfo = /^[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(log)?.[1]
  if (userinfo === undefined) return []
  const password = userinfo.slice(userinfo.indexOf(':') + 1)
  // Hiding a short word wherever it stands would hide half of every message.
  return [...new Set([userinfo, password, unescaped(password)])].filter(({ length }) => length >= 4)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A log's URL as it may be shown: who signs in is left out, and so is the query. */
export function showLogUrl(url: string): string {
  return hideUserinfo(url).replace(/\?.*$/s, '')
}

/**
 * A text with the user and password of a URL hidden. In a log's URL whatever stands before the last `@` may be part of
 * them: who writes a password by hand forgets to escape it.
 */
export function hideUserinfo(text: string): string {
  return /^https?:/i.test(text)
    ? text.replace(/^(https?:\/\/)[^/?#]*@/i, '$1[hidden]@')
    : text.replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/is, '$1[hidden]@')
}

function pathOf(rest: string): string {
  if (rest.includes('?'))
    throw new TypeError('lmdb:PATH takes no parameters: its bounds are options of lmdbLog().')
  const path = rest.replace(/^\/\/(?=\/)/, '')
  if (path !== '' && !path.startsWith('//')) return path
  throw new TypeError('Where is the log? Write lmdb:./data for a folder here, or lmdb:/var/lib/shop.')
}

function redisPlace(url: string): LogPlace {
  const { address, parameters } = split(url, ['prefix'])
  return { kind: 'redis', url: address, prefix: parameters.get('prefix') }
}

function natsPlace(url: string): LogPlace {
  const { address, parameters } = split(url, ['stream', 'replicas'])
  const hosts = address.slice('nats://'.length).replace(/\/$/, '')
  const replicas = parameters.get('replicas')
  if (replicas !== undefined && !/^[1-5]$/.test(replicas))
    throw new TypeError('replicas is a number from 1 to 5.')
  return {
    kind: 'nats',
    servers: hosts.split(',').map((host) => `nats://${host.trim().replace(/^nats:\/\//, '')}`),
    stream: parameters.get('stream'),
    replicas: replicas === undefined ? undefined : Number(replicas),
  }
}

/** Takes the parameters off a URL. Several hosts, separated by commas, are none that `URL` can read. */
function split(url: string, known: readonly string[]): { address: string; parameters: Map<string, string> } {
  const mark = url.indexOf('?')
  const address = mark === -1 ? url : url.slice(0, mark)
  if (!/^[a-z+]+:\/\/[^/?#\s]+(?:\/[^#\s]*)?$/i.test(address)) {
    throw new TypeError(`${url.slice(0, url.indexOf(':'))}: is followed by //HOST:PORT.`)
  }
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))) {
    if (!known.includes(name) || parameters.has(name) || value === '') {
      throw new TypeError(
        `The log's URL has a parameter that cannot be: it takes ${known.join(' and ')}, once each, with a value.`,
      )
    }
    parameters.set(name, value)
  }
  return { address, parameters }
}
