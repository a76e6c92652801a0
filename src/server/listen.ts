import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { FairleadError } from '../protocol/index.ts'
import { targetOf } from './edge.ts'
import { refuse, refuseSocket } from './problem.ts'

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

/** A server of our own, with deadlines and limits that Node leaves open (PROTOCOL.md, section 9). */
export function createOwnServer({ otherwise = notFound }: ListenOptions): Server {
  const server = createHttpServer({
    headersTimeout: 10_000,
    requestTimeout: 45_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 16 * 1024,
  })
  server.on('request', otherwise)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? 'too_many_headers'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? 'request_timeout'
          : 'bad_request'
    if (socket.writable)
      refuseSocket(socket as Socket, new FairleadError(code, 'The request could not be read.'))
  })
  return server
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

function notFound(request: IncomingMessage, response: ServerResponse): void {
  const { path } = targetOf(request)
  const malformed = !/^\/[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/.test(path) || /\/\/|\/\.\.?(?:\/|$)/.test(path)
  refuse(
    response,
    malformed
      ? new FairleadError('bad_path', 'The path is not one of plain segments.')
      : new FairleadError('not_found', 'There is nothing at this address.'),
  )
}
