import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../hub/clock.ts'
import { type ErrorCode, FairleadError, limits } from '../protocol/index.ts'
import type { Taker } from './attach.ts'
import { connectionsAllowed } from './descriptors.ts'
import { targetOf } from './edge.ts'
import { refuse, refuseSocket } from './problem.ts'

/** Where to listen. */
export interface ListenOptions {
  /** The port; 0 takes a free one. */
  readonly port: number
  /** The address to bind. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** Answers what is not below the base path. @default 404 */
  readonly otherwise?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
}

/** An address that is being listened on. */
export interface Listening {
  readonly port: number
  readonly host: string
  readonly url: string
}

/** Counts what could not be read as a request; asked by the peer's address. */
export interface Unreadable {
  refused(address: string | undefined, error: FairleadError): void
  turnedAway(address: string | undefined): boolean
}

/** How long a refusal waits for the answer to a good request before it on the same connection. */
const pipelinedMs = 5_000

/** A server of our own, with deadlines and limits that Node leaves open (PROTOCOL.md, section 9). */
export function createOwnServer(
  taker: Taker,
  clock: Clock,
  { otherwise = notFound }: ListenOptions,
  unreadable?: Unreadable,
): Server {
  const answering = new WeakMap<Socket, ServerResponse>()
  const server = createHttpServer({
    headersTimeout: 10_000,
    requestTimeout: 45_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 16 * 1024,
    requireHostHeader: false, // Checked at the edge, where it is refused like everything else.
  })
  // Past the descriptors' end not even `/healthz` could be answered.
  const most = connectionsAllowed()
  if (most !== undefined) server.maxConnections = most
  // One more than is let in: what Node drops beyond that is of a request that is refused, and costs less so.
  server.maxHeadersCount = limits.headerFields + 1
  server.on('request', (request, response) => {
    answering.set(request.socket, response)
    if (!taker.request(request, response)) otherwise(request, response)
  })
  server.on('upgrade', (request, socket: Socket, head) => {
    if (taker.upgrade(request, socket, head)) return
    socket.on('error', () => socket.destroy())
    refuseSocket(socket, new FairleadError('not_found', 'There is no WebSocket at this address.'))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // The cheapest refusal there is, for whoever goes on after so many.
    if (unreadable?.turnedAway(socket.remoteAddress)) {
      socket.destroy()
      return
    }
    const refused = new FairleadError(codeOf(error), 'The request could not be read.')
    if (!cut.has(error.code)) unreadable?.refused(socket.remoteAddress, refused)
    refuseAfter(clock, answering.get(socket), socket, refused)
  })
  return server
}

/** Whoever goes away in the middle of a request has done nothing bad. */
const cut: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'])

function codeOf({ code }: NodeJS.ErrnoException): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'too_many_headers'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request'
}

/** A good request that stood before the bad one has its own answer first. */
function refuseAfter(
  clock: Clock,
  response: ServerResponse | undefined,
  socket: Socket,
  error: FairleadError,
): void {
  if (!response || response.writableFinished || response.destroyed) {
    refuseSocket(socket, error)
    return
  }
  // The bad bytes are of this request's own body.
  if (!response.req.complete) return refuse(response, error, true)
  const cancel = clock.after(pipelinedMs, () => socket.destroy())
  response.once('close', () => {
    cancel()
    refuseSocket(socket, error)
  })
}

/** Starts listening. Rejects with the system's error, such as `EADDRINUSE`. */
export function listen(server: Server, { port, host = '127.0.0.1' }: ListenOptions): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      const bound = typeof address === 'object' && address ? address.port : port
      const shown = host.includes(':') ? `[${host}]` : host
      resolve({ port: bound, host, url: `http://${shown}:${bound}` })
    })
  })
}

/** What answers below no base path: 404, or 400 where the path is none. */
export function notFound(request: IncomingMessage, response: ServerResponse): void {
  const { path } = targetOf(request)
  const malformed = !/^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(path) || /\/\/|\/\.\.?(?:\/|$)/.test(path)
  refuse(
    response,
    malformed
      ? new FairleadError('bad_path', 'The path is not one of plain segments.')
      : new FairleadError('not_found', 'There is nothing at this address.'),
  )
}
