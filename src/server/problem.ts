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

/** Refuses a request; one that was not read to its end loses its connection. */
export function refuse(response: ServerResponse, error: FairleadError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const body = problemBody(error)
  if (!response.req.complete || closing.has(error.code)) response.setHeader('connection', 'close')
  response.writeHead(statusOf(error.code), problemHeaders(error, body))
  response.end(response.req.method === 'HEAD' ? undefined : body)
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
