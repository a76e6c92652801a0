import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { FairleadError, isFairleadError, statusOf } from '../protocol/index.ts'

/** The body of every refusal (RFC 9457). Nothing of the request is repeated in it. */
function problemBody(error: FairleadError): Buffer {
  const { code, message, position, path } = error
  const status = statusOf(code)
  return Buffer.from(JSON.stringify({ status, code, detail: message, position, path }))
}

function problemHeaders(error: FairleadError, body: Buffer): Record<string, string> {
  const status = statusOf(error.code)
  return {
    'content-type': 'application/problem+json',
    'content-length': String(body.length),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(error.temporary && { 'retry-after': String(Math.ceil((error.retryAfterMs ?? 1_000) / 1_000)) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(error.code === 'unsupported_encoding' && { 'accept-encoding': 'identity' }),
    ...(status === 426 && { upgrade: 'websocket', 'sec-websocket-version': '13' }),
  }
}

/** What a thrown value is to the asker: our refusals as they are, faults without their text. */
export function asRefusal(error: unknown): FairleadError {
  return isFairleadError(error)
    ? error
    : new FairleadError('internal', 'The server failed at this request.', { cause: error })
}

/** After these the bytes that follow on the connection are not trusted to be a request. */
const closing: ReadonlySet<string> = new Set([
  'bad_request',
  'bad_host',
  'too_many_headers',
  'payload_too_large',
  // A balancer chooses again.
  'draining',
])

const closingSockets = new WeakSet<Socket>()

/** Whether a request stands behind a refusal that closes its connection: its turn to be answered never comes. */
export function isUnanswerable({ socket, req }: ServerResponse): boolean {
  return socket === null && closingSockets.has(req.socket)
}

/** How much of a refused body is still read, in bytes, and for how long, in milliseconds. */
const lingerBytes = 1024 * 1024
const lingerMs = 1_000

/** Refuses a request; one that was not read to its end loses its connection. `broken`: what comes is no request any more. */
export function refuse(response: ServerResponse, error: FairleadError, broken = false): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const body = problemBody(error)
  const unread = !response.req.complete
  if (unread || closing.has(error.code)) {
    response.setHeader('connection', 'close')
    closingSockets.add(response.req.socket)
  }
  response.writeHead(statusOf(error.code), problemHeaders(error, body))
  if (unread && !broken) return endLingering(response, body)
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/**
 * Answers at once, and closes when the client has sent the rest, or a little of it: a socket that is closed with bytes unread
 * is reset, and who looks for the answer only when all is sent, as a proxy may, would not get it.
 */
function endLingering(response: ServerResponse, body: Buffer): void {
  const request = response.req
  let left = lingerBytes
  const end = (): void => {
    clearTimeout(late)
    request.off('data', drop)
    response.end()
  }
  const drop = (chunk: Buffer): void => {
    left -= chunk.length
    if (left < 0) end()
  }
  const late = setTimeout(end, lingerMs).unref()
  request.on('data', drop).once('end', end).once('close', end).resume()
  response.write(body)
}

/** Refuses where there is no response object: an upgrade, or a request that could not be parsed. */
export function refuseSocket(
  socket: Socket,
  error: FairleadError,
  headers: Record<string, string> = {},
): void {
  if (socket.destroyed) return
  const body = problemBody(error)
  const status = statusOf(error.code)
  const all = { ...problemHeaders(error, body), ...headers, connection: 'close' }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body.toString()}`)
  // The reader of a refusal has a moment to take it; a socket that does not close by itself is closed.
  const late = setTimeout(() => socket.destroy(), 1_000).unref()
  socket.once('close', () => clearTimeout(late))
}
