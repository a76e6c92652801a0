import { Networks, parseAddress } from './addresses.ts'

/**
 * Which proxies are believed: none, so many in front of the server, or those in these networks (addresses and CIDR
 * blocks, such as `10.0.0.0/8`). A number only holds if there is no way to the server past all of them.
 */
export type TrustProxy = false | number | readonly string[]

/** What is known of a request before any header is believed. */
export interface ProxiedRequest {
  /** The socket's peer; absent on a Unix socket. */
  readonly remoteAddress: string | undefined
  /** Names in lower case; a header that stood twice is a list, or has its values joined by `, `. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Whether the socket itself is TLS. @default false */
  readonly encrypted?: boolean
}

/** From where, for which host and how a request was made, as far as it can be known. */
export interface RequestOrigin {
  /** The client's address: IPv4 never mapped into IPv6. */
  readonly address: string | undefined
  readonly host: string | undefined
  readonly scheme: 'http' | 'https'
}

/** Tells from where a request came. */
export interface ProxyTrust {
  resolve(request: ProxiedRequest): RequestOrigin
}

const maxHops = 16
const hostForm = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/
const schemes: Readonly<Record<string, 'http' | 'https'>> = {
  http: 'http',
  https: 'https',
  ws: 'http',
  wss: 'https',
}

/**
 * Reads `X-Forwarded-For`, `-Host` and `-Proto` of proxies that are trusted, and of nobody else; `Forwarded` (RFC 7239)
 * is never read, for a proxy that writes one kind lets the other through as the client wrote it. So the proxy has to set
 * or delete all three. Throws `TypeError` on a setting that cannot be.
 */
export function trustedProxy(setting: TrustProxy): ProxyTrust {
  const trusts = trustOf(setting)
  return {
    resolve(request) {
      const peer = peerOf(request)
      const { host } = request.headers
      const scheme = request.encrypted ? 'https' : 'http'
      if (!trusts(peer, 0)) return { address: peer, host: textOf(host), scheme }
      return {
        address: clientOf(peer, headerOf(request, 'x-forwarded-for'), trusts),
        host: hostOf(headerOf(request, 'x-forwarded-host')) ?? textOf(host),
        scheme: schemeOf(headerOf(request, 'x-forwarded-proto')) ?? scheme,
      }
    },
  }
}

/** Whether the hop at this address, so many hops away from here (the socket's peer is 0), is one of our proxies. */
type Trusts = (address: string | undefined, hop: number) => boolean

function trustOf(setting: TrustProxy): Trusts {
  if (setting === false) return () => false
  if (typeof setting === 'number') {
    if (!Number.isInteger(setting) || setting < 1 || setting > maxHops)
      throw new TypeError(
        `trustProxy is false, 1 to ${maxHops} proxies, or a list of networks, not ${setting}.`,
      )
    return (_, hop) => hop < setting
  }
  if (!Array.isArray(setting) || setting.length === 0)
    throw new TypeError('trustProxy is false, a number of proxies, or a list of networks such as 10.0.0.0/8.')
  const networks = new Networks(setting)
  return (address) => address !== undefined && networks.has(address)
}

function headerOf({ headers }: ProxiedRequest, name: string): string | undefined {
  return textOf(headers[name])
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value
}

function peerOf({ remoteAddress }: ProxiedRequest): string | undefined {
  // A zone names the interface that a link-local peer was met on.
  if (remoteAddress === undefined) return undefined
  const zone = remoteAddress.indexOf('%')
  return parseAddress(zone === -1 ? remoteAddress : remoteAddress.slice(0, zone))
}

/**
 * Goes from the nearest hop outwards for as long as each is trusted: every trusted one wrote, at the right end, whom it
 * heard from. What stands further left was written by whoever came first, and may be anything.
 */
function clientOf(
  peer: string | undefined,
  forwarded: string | undefined,
  trusts: Trusts,
): string | undefined {
  let address = peer
  let end = forwarded?.length ?? 0
  for (let hop = 0; forwarded !== undefined && end >= 0 && trusts(address, hop); hop++) {
    const comma = end === 0 ? -1 : forwarded.lastIndexOf(',', end - 1)
    const next = parseAddress(forwarded.slice(comma + 1, end).trim())
    if (next === undefined) return address
    address = next
    end = comma
  }
  return address
}

/** Of several values the last: the nearest proxy wrote it, and the ones before may be the client's own. */
function lastOf(values: string | undefined): string | undefined {
  return values?.slice(values.lastIndexOf(',') + 1).trim()
}

function hostOf(forwarded: string | undefined): string | undefined {
  const host = lastOf(forwarded)
  return host !== undefined && hostForm.test(host) ? host : undefined
}

function schemeOf(forwarded: string | undefined): 'http' | 'https' | undefined {
  const scheme = lastOf(forwarded)?.toLowerCase() ?? ''
  return Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined
}
