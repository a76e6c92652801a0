import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type PerMessageDeflateOptions, type Server, WebSocketServer } from 'ws'
import type { Identity, RequestInfo } from '../hub/authorise.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, isFairleadError, limits, parseChannelName, subprotocol } from '../protocol/index.ts'
import { StreamSocket } from '../transports/stream-socket.ts'
import { WebSocketStream } from '../transports/websocket.ts'
import type { WebSocketSettings } from '../transports/websocket-options.ts'
import { corsHeaders } from './cors.ts'
import { assertEdge, headerOf, originOf, requestInfo, targetOf } from './edge.ts'
import { refuseUpgrade } from './passing.ts'
import { asRefusal, refuseSocket } from './problem.ts'
import { parseRead, type ReadQuery } from './query.ts'
import { countRefusal, type Routes } from './routes.ts'

/** Small pieces may carry a message, but not so many that keeping them costs more than the message. */
const maxFragments = 64
const maxBufferedChunks = 16_384

/**
 * Each message by itself (RFC 7692, section 7.1.1), so that a frame is compressed once for all readers, and a socket keeps
 * no window. What is inflated is bounded by `maxPayload`. An offer that asks for a smaller window of ours is declined.
 */
const deflateAlone: PerMessageDeflateOptions = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  concurrencyLimit: 10,
}

/** Shakes hands and hands each WebSocket to its stream. */
export class Upgrades {
  readonly #routes: Routes
  readonly #settings: WebSocketSettings
  readonly #plain = handshakes(false)
  readonly #deflating = handshakes(deflateAlone)
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
      if (socket.destroyed) return
      session.connect()
      let opened = false
      // The handshake's answer and the first heartbeat, where that needs nothing but this turn, in one write.
      socket.cork()
      process.nextTick(uncork, socket)
      this.#handshakesFor(session).handleUpgrade(request, socket, head, (ws) => {
        opened = true
        this.#open(session, ws, socket, info, query, own)
      })
      // A socket that was cut meanwhile is not handed over, and has no end to wait for.
      if (!opened) session.close()
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
  #handshakesFor({ who }: Session): Handshakes {
    const compresses = this.#compresses === 'everyone' || (this.#compresses === 'known' && who !== null)
    return compresses ? this.#deflating : this.#plain
  }

  #open(
    session: Session,
    ws: StreamSocket,
    socket: Socket,
    info: RequestInfo,
    query: ReadQuery,
    own?: string,
  ): void {
    const { hub } = this.#routes
    const stream = new WebSocketStream(session, ws, socket, {
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

type Handshakes = Server<typeof StreamSocket>

function handshakes(perMessageDeflate: PerMessageDeflateOptions | false): Handshakes {
  const server: Handshakes = new WebSocketServer({
    WebSocket: StreamSocket,
    noServer: true,
    clientTracking: false,
    perMessageDeflate,
    maxPayload: limits.messageBytes,
    maxFragments,
    maxBufferedChunks,
    handleProtocols: () => subprotocol,
  })
  server.on('wsClientError', (error, socket) => {
    refuseSocket(
      socket as Socket,
      new FairleadError('bad_request', 'The WebSocket handshake is malformed.', { cause: error }),
    )
  })
  return server
}

/** On a WebSocket each channel has a start of its own. */
function startFor({ start }: ReadQuery, channel: string) {
  return { after: start.starts?.get(channel) ?? start.after, last: start.last }
}

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
  if (offered !== undefined && !offered.split(',').some((name) => name.trim() === subprotocol)) {
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
