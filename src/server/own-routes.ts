import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tickets } from '../access/tickets.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, limits, parseChannelName, parseClientId } from '../protocol/index.ts'
import { mediaType, readBody, textOf } from './body.ts'
import { clientModule } from './client-module.ts'
import { servePlan } from './plan.ts'
import { writeJson } from './send.ts'
import { serveTicket } from './ticket-route.ts'

/** What a route of Fairlead's own is given. */
export interface OwnRequest {
  readonly session: Session
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path below the base, without its first slash: `_status`. */
  readonly path: string
  readonly status: () => unknown
  readonly tickets?: Tickets | undefined
}

/** The routes that start with `_`, which no channel's name does. Throws `not_found`, `method_not_allowed`. */
export async function serveOwn(own: OwnRequest): Promise<void> {
  const { session, request, response, path, status } = own
  const read = request.method === 'GET' || request.method === 'HEAD'
  if (path === '_client.js' && read) return serveClient(request, response)
  if (path === '_status' && read && session.who?.admin === true) {
    return writeJson(response, 200, JSON.stringify(status(), undefined, 2))
  }
  if (path === '_plan' && read) return servePlan(session, request, response)
  if (path === '_presence' && request.method === 'POST') {
    await serveAlive(session, request)
    response.writeHead(204, { 'cache-control': 'no-store' }).end()
    return
  }
  if (path === '_ticket' && request.method === 'POST')
    return serveTicket(own.tickets, session, request, response)
  if (path.startsWith('_presence/') && read) {
    const members = await session.members(parseChannelName(path.slice('_presence/'.length)))
    return writeJson(response, 200, JSON.stringify({ members }))
  }
  throw new FairleadError('not_found', 'There is nothing at this address.')
}

/** An SSE reader's client is alive, or says goodbye: a server cannot see a half-open reader of a stream. */
async function serveAlive(session: Session, request: IncomingMessage): Promise<void> {
  if (mediaType(request) !== 'application/json') {
    throw new FairleadError('unsupported_media_type', 'An alive message is application/json.')
  }
  const { op, client, channels } = parseAlive(textOf(await readBody(request, 64 * 1024, session.hub.clock)))
  if (op === 'leave') await session.leave(channels, client)
  else await session.touch(channels, client)
}

function parseAlive(text: string): { op: 'alive' | 'leave'; client: string; channels: string[] } {
  let value: { op?: unknown; client?: unknown; channels?: unknown } | null
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FairleadError('invalid_json', 'An alive message is JSON.', { cause })
  }
  const { op, client, channels } = value ?? {}
  if (
    (op !== 'alive' && op !== 'leave') ||
    !Array.isArray(channels) ||
    channels.length > limits.channelsPerStream
  ) {
    throw new FairleadError('bad_message', 'An alive message has op (alive or leave), client and channels.')
  }
  return {
    op,
    client: parseClientId(String(client)),
    channels: channels.map((name) => parseChannelName(String(name))),
  }
}

async function serveClient(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { body, etag } = await clientModule()
  const headers = { etag, 'cache-control': 'no-cache', 'content-type': 'text/javascript; charset=utf-8' }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, { ...headers, 'content-length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}
