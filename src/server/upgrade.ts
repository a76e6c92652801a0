import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Identity, RequestInfo } from '../hub/authorise.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, isFairleadError, parseChannelName, subprotocol } from '../protocol/index.ts'
import { type OpenedSocket, WebSocketStream } from '../transports/websocket.ts'
import { shakeHands } from '../transports/websocket-handshake.ts'
import type { WebSocketSettings } from '../transports/websocket-options.ts'
import { corsHeaders } from './cors.ts'
import { assertEdge, headerOf, originOf, requestInfo, targetOf } from './edge.ts'
import { refuseUpgrade } from './passing.ts'
import { asRefusal, refuseSocket } from './problem.ts'
import { parseRead, type ReadQuery } from './query.ts'
import { countRefusal, type Routes } from './routes.ts'

/** Shakes hands and hands each WebSocket to its stream. */
export class Upgrades {
  readonly #routes: Routes
  readonly #settings: WebSocketSettings
  /** Whether any channel may be compressed at all, and whether one of them is open to everyone. */
  readonly #compresses: 'nobody' | 'known' | 'everyone'

  constructor(routes: Routes) {
    this.#routes = routes
    const { heartbeatMs, pingMs } = routes.options
    this.#settings = { heartbeatMs, pingMs, identify: (request, token) => this.#identify(request, token) }
    const compressed = Object.values(routes.options.channels).filter(({ compress }) => compress)
    const open = compressed.some(({ read }) => read === 'public')
    this.#compresses = compressed.length === 0 ? 'nobody' : open ? 'everyone' : 'known'
  }

  /** Answers one upgrade that is ours. The same checks as for a request come before the handshake. */
  async serve(request: IncomingMessage, socket: Socket, head: Buffer, path: string): Promise<void> {
    const { hub, edge } = this.#routes
    try {
      const origin = originOf(edge, request)
      const { address } = origin
      hub.limits.assertAddress(address)
      assertEdge(edge, request, true, origin)
      assertHandshake(request)
      const full = hub.limits.noRoom(address)
      if (full) throw full
      const own = path === '' && !targetOf(request).path.endsWith('/') ? undefined : parseChannelName(path)
      const query = parseRead(request, targetOf(request).query, own)
      const info = requestInfo(request, origin)
      const session = hub.session(await hub.authorise.identify(info), address)
      if (session.who !== null) await assertReadable(session, query)
      if (!session.prepared(query.channels)) await session.prepare(query.channels)
      if (isGone(socket)) return
      session.connect()
      // The handshake's answer and the first heartbeat, where that needs nothing but this turn, in one write.
      socket.cork()
      process.nextTick(uncork, socket)
      const deflates = shakeHands(request, socket, this.#mayDeflate(session))
      this.#open(session, { socket, head, deflates }, info, query, own)
    } catch (error) {
      const refused = asRefusal(error)
      if (refused !== error) this.#routes.options.onError(error, 'subscription')
      countRefusal(this.#routes, request, refused)
      if (refused.temporary && this.#couldOpen(request))
        refuseUpgrade(request, socket, head, refused, hub.clock)
      else refuseSocket(socket, refused, corsHeaders(edge, request))
    }
  }

  /** Whether nothing is wrong with the upgrade itself. */
  #couldOpen(request: IncomingMessage): boolean {
    try {
      assertEdge(this.#routes.edge, request, true)
      assertHandshake(request)
      return true
    } catch {
      return false
    }
  }

  /** Nothing is inflated for a stranger, unless something compressed is open to strangers. */
  #mayDeflate({ who }: Session): boolean {
    return this.#compresses === 'everyone' || (this.#compresses === 'known' && who !== null)
  }

  #open(session: Session, opened: OpenedSocket, info: RequestInfo, query: ReadQuery, own?: string): void {
    const { hub } = this.#routes
    const stream = new WebSocketStream(session, opened, {
      channel: own,
      subscribe: query.channels.map((channel) => ({ channel, start: startFor(query, channel) })),
      client: query.client,
      request: info,
      server: this.#settings,
    })
    // A browser cannot see a 503, and would take it for a proxy that blocks WebSockets.
    if (hub.stopping.aborted) stream.end('drain', hub.retryMs())
  }

  async #identify(info: RequestInfo, token: string): Promise<Identity | null> {
    return this.#routes.hub.authorise.identify({
      ...info,
      headers: { ...info.headers, authorization: `Bearer ${token}` },
    })
  }
}

function uncork(socket: Socket): void {
  socket.uncork()
}

/** Whether the socket was cut, or the client has ended its half already: it is destroyed then. */
function isGone(socket: Socket): boolean {
  if (socket.readable && socket.writable) return false
  socket.destroy()
  return true
}

/** On a WebSocket each channel has a start of its own. */
function startFor({ start }: ReadQuery, channel: string) {
  return { after: start.starts?.get(channel) ?? start.after, last: start.last }
}

/** A name in a header's list (RFC 9110, section 5.6.2). */
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** One offered extension with its parameters (RFC 6455, section 9.1). */
const extensionForm =
  /^[\w!#$%&'*+.^`|~-]+(?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\w!#$%&'*+.^`|~-]+"))?)*$/

/** Throws unless the request is a WebSocket handshake that can be answered. */
export function assertHandshake(request: IncomingMessage): void {
  if (request.method !== 'GET')
    throw new FairleadError('method_not_allowed', 'A WebSocket is opened with GET.')
  if (headerOf(request, 'upgrade')?.toLowerCase() !== 'websocket') {
    throw new FairleadError('upgrade_required', 'The only upgrade here is to websocket.')
  }
  if (headerOf(request, 'sec-websocket-version') !== '13') {
    throw new FairleadError('upgrade_required', 'The WebSocket version here is 13.')
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headerOf(request, 'sec-websocket-key') ?? '')) {
    throw new FairleadError('bad_request', 'The WebSocket key is missing or malformed.')
  }
  const extensions = headerOf(request, 'sec-websocket-extensions')
  if (extensions !== undefined && !extensions.split(',').every((one) => extensionForm.test(one.trim()))) {
    throw new FairleadError('bad_request', 'The WebSocket extensions are malformed.')
  }
  const offered = headerOf(request, 'sec-websocket-protocol')
    ?.split(',')
    .map((name) => name.trim())
  if (offered && !(new Set(offered).size === offered.length && offered.every((one) => token.test(one)))) {
    throw new FairleadError('bad_request', 'The WebSocket subprotocols are malformed.')
  }
  if (offered && !offered.includes(subprotocol)) {
    throw new FairleadError(
      'unknown_subprotocol',
      `The only subprotocol here is ${subprotocol}; offer it, or none.`,
    )
  }
}

/** A channel that someone known may not read is refused before the handshake; a stranger may still say who it is. */
async function assertReadable(session: Session, { channels }: ReadQuery): Promise<void> {
  let refused: unknown
  for (const channel of channels) {
    try {
      await session.assertAllowed('read', channel)
      return
    } catch (error) {
      if (!isFairleadError(error)) throw error
      refused = error
    }
  }
  if (refused) throw refused
}
