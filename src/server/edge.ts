import type { IncomingMessage } from 'node:http'
import { isLocalHost, type OriginPolicy } from '../access/origin.ts'
import type { ProxyTrust, RequestOrigin } from '../access/trusted-proxy.ts'
import type { RequestInfo } from '../hub/authorise.ts'
import { FairleadError, limits } from '../protocol/index.ts'

/**
 * What every request passes before it is looked at, HTTP and upgrade alike: what Node's parser lets through
 * (PROTOCOL.md, section 9), and who may ask from where.
 */
export interface Edge {
  readonly dev: boolean
  readonly origins: OriginPolicy
  readonly proxies: ProxyTrust
}

/** A target with a host of its own (RFC 9112, section 3.2.2): it must be allowed like the header's. */
const absoluteForm = /^https?:\/\/([^/?]*)/i
const hostForm = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Throws the refusal that the request's own form asks for. */
export function assertEdge(
  edge: Edge,
  request: IncomingMessage,
  writes: boolean,
  { host, scheme } = originOf(edge, request),
): void {
  assertForm(request)
  if (edge.dev) assertLocal(request, host)
  const { origin, cookie } = request.headers
  const fetchSite = headerOf(request, 'sec-fetch-site')
  edge.origins.assert({ origin, host, scheme, cookie: cookie !== undefined, fetchSite, writes })
}

function assertLocal(request: IncomingMessage, host: string | undefined): void {
  const named = [host, absoluteForm.exec(request.url ?? '')?.[1]].filter((one) => one !== undefined)
  if (named.every((one) => isLocalHost(one.replace(/:\d+$/, '')))) return
  throw new FairleadError(
    'host_not_allowed',
    'Development mode answers only localhost, *.localhost, 127.0.0.1 and [::1].',
  )
}

function assertForm(request: IncomingMessage): void {
  if (request.httpVersionMajor !== 1)
    throw new FairleadError('bad_request', 'This server speaks HTTP/1.1 and HTTP/1.0.')
  if (request.rawHeaders.length / 2 > limits.headerFields) {
    throw new FairleadError('too_many_headers', `A request has at most ${limits.headerFields} header fields.`)
  }
  const hosts = countHeader(request, 'host')
  if (hosts === 0 && request.httpVersionMinor > 0)
    throw new FairleadError('bad_request', 'A request has a Host.')
  if (hosts > 1 || (hosts === 1 && !hostForm.test(request.headers.host ?? ''))) {
    throw new FairleadError('bad_host', 'A request has one Host, a name or address with or without a port.')
  }
  if ((request.method?.length ?? 0) + request.url!.length + ' HTTP/1.1 '.length > limits.requestLineBytes) {
    throw new FairleadError('uri_too_long', `A request line is at most ${limits.requestLineBytes} bytes.`)
  }
}

/** How often a header stands in the request. Node joins or drops repeated ones before `headers` shows them. */
export function countHeader(request: IncomingMessage, name: string): number {
  const { rawHeaders } = request
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const field = rawHeaders[i]!
    if (field.length === name.length && field.toLowerCase() === name) count++
  }
  return count
}

/** A header's value, as text. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** Where a request came from and what host it asked for, as the proxies that are trusted say. */
export function originOf({ proxies }: Edge, request: IncomingMessage): RequestOrigin {
  const { socket, headers } = request
  return proxies.resolve({ remoteAddress: socket.remoteAddress, headers, encrypted: 'encrypted' in socket })
}

/** What an application's `authenticate` is shown of a request. */
export function requestInfo(request: IncomingMessage, { address }: RequestOrigin): RequestInfo {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: textHeaders(request),
    address,
  }
}

/** Node's own where they are texts already: the one that it keeps as a list stands in no honest request. */
function textHeaders(request: IncomingMessage): RequestInfo['headers'] {
  const { headers } = request
  if (headers['set-cookie'] === undefined) return headers as RequestInfo['headers']
  return { ...(headers as RequestInfo['headers']), 'set-cookie': headerOf(request, 'set-cookie') }
}

/** The path and query of a request's target, absolute form included; nothing is decoded. */
export function targetOf(request: IncomingMessage): { path: string; query: string } {
  const url = request.url ?? '/'
  const target = url.startsWith('/') ? url : url.replace(absoluteForm, '')
  const mark = target.indexOf('?')
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}
