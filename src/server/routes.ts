import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestOrigin } from '../access/trusted-proxy.ts'
import type { Hub } from '../hub/hub.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, parseChannelName } from '../protocol/index.ts'
import { serveHistory } from '../transports/long-poll.ts'
import { serveSse } from '../transports/sse.ts'
import { isEnding } from './body.ts'
import { serveChannelPage } from './channel-page.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { assertEdge, type Edge, headerOf, originOf, requestInfo, targetOf } from './edge.ts'
import { negotiate } from './negotiate.ts'
import type { SettledOptions } from './options.ts'
import { serveOwn } from './own-routes.ts'
import { opensConnection, refuseRequest } from './passing.ts'
import { asRefusal } from './problem.ts'
import { parseRead } from './query.ts'
import { logRefusal } from './refusal-line.ts'
import { serveBatch, serveSend } from './send.ts'
import { endOfTurn } from './turn.ts'

/** What the routes are built on. */
export interface Routes {
  readonly hub: Hub
  readonly edge: Edge
  readonly options: SettledOptions
  readonly status: () => unknown
}

/** The path below the base: `''` for the base itself, `undefined` for a path that is not ours. */
export function ownPath(base: string, request: IncomingMessage): string | undefined {
  const { path } = targetOf(request)
  if (path === base) return ''
  return path.startsWith(`${base}/`) ? path.slice(base.length + 1) : undefined
}

/** Answers one request that is ours. Never throws, never leaves a request without an answer. */
export async function serveRequest(
  routes: Routes,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  response.on('error', ignored)
  request.on('error', ignored)
  // Node is still reading the request: a moment later the body that came with the head is there as well.
  await undefined
  try {
    // Its body was found to be broken, and refused, before anyone looked at its head.
    if (response.headersSent) return
    const { hub, edge } = routes
    const origin = originOf(edge, request)
    const cors = corsHeaders(edge, request, origin)
    for (const name in cors) response.setHeader(name, cors[name]!)
    admit(routes, request, origin)
    if (request.method === 'OPTIONS') return preflight(response)
    const found = hub.authorise.identify(requestInfo(request, origin))
    const session = hub.session(found === null ? null : await found, origin.address)
    await route(routes, session, request, response, path)
  } catch (error) {
    if (response.writableEnded) return
    if (isEnding(request)) await endOfTurn()
    // A reader that goes away is no failure of the server, and neither is a read that ends because the server does.
    const aborted = error instanceof Error && error.name === 'AbortError'
    const stopping = aborted && routes.hub.stopping.aborted
    const refused = stopping
      ? new FairleadError('unavailable', 'The server is being stopped: ask again.')
      : asRefusal(error)
    if (refused !== error && !stopping && !(aborted && response.destroyed))
      routes.options.onError(error, 'subscription')
    countRefusal(routes, request, refused)
    refuseRequest(request, response, refused, routes.hub.clock)
  }
}

/** The reader is gone: the `close` event of its answer says so, too. */
function ignored(): void {}

/** What is asked of a request before it is known who sent it: its address, its form, and whether there is room. */
function admit({ hub, edge }: Routes, request: IncomingMessage, origin: RequestOrigin): void {
  const { address } = origin
  hub.limits.assertAddress(address)
  assertEdge(edge, request, request.method === 'POST', origin)
  if (request.method !== 'GET') return
  const full = hub.limits.noRoom(address)
  if (full && opensConnection(request)) throw full
}

/** A refusal is counted, for its address too, and written unless it is one of very many. */
export function countRefusal({ hub, edge }: Routes, request: IncomingMessage, refused: FairleadError): void {
  hub.metrics.refusals.add(refused.code)
  // Whoever goes away in the middle of a body has done nothing bad.
  const cut = refused.code === 'bad_request' && request.destroyed && !request.complete
  if (!cut) hub.limits.refused(originOf(edge, request).address, refused)
  if (refused.code !== 'rate_limited') logRefusal(hub.audit, edge, request, refused)
}

function route(
  routes: Routes,
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> | void {
  if (path.startsWith('_')) {
    const { status, options } = routes
    return serveOwn({ session, request, response, path, status, tickets: options.tickets })
  }
  if (request.method === 'POST') {
    if (path === '' && !targetOf(request).path.endsWith('/')) return serveBatch(session, request, response)
    return serveSend(session, parseChannelName(path), targetOf(request).query, request, response)
  }
  if (request.method === 'GET' || request.method === 'HEAD')
    return read(routes, session, request, response, path)
  response.setHeader('allow', 'GET, HEAD, POST, OPTIONS')
  throw new FairleadError('method_not_allowed', 'A channel is read with GET and sent to with POST.')
}

function read(
  { options }: Routes,
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> | void {
  const target = targetOf(request)
  const own = path === '' && !target.path.endsWith('/') ? undefined : parseChannelName(path)
  const query = parseRead(request, target.query, own)
  const representation = query.history ? 'json' : negotiate(headerOf(request, 'accept'))
  if (representation === 'html') return serveChannelPage(request, response, target.path, options.dev)
  if (query.channels.length === 0) {
    throw new FairleadError(
      'invalid_channel',
      'Name the channels to read, as in /live?channel=orders&channel=stock.',
    )
  }
  const { channels, start, client, limit, waitMs, envelope } = query
  if (representation === 'json')
    return serveHistory(session, request, response, { channels, ...start, client, limit, waitMs, envelope })
  return serveSse(session, request, response, {
    channels,
    ...start,
    client,
    envelope,
    heartbeatMs: options.heartbeatMs,
  })
}

function preflight(response: ServerResponse): void {
  const allowed = response.hasHeader('access-control-allow-origin')
  response.writeHead(204, { allow: 'GET, HEAD, POST, OPTIONS', ...(allowed && preflightHeaders) }).end()
}
