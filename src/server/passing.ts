import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../hub/clock.ts'
import { retryMs } from '../hub/connections.ts'
import {
  type ByeReason,
  closeCodes,
  encodeSseBlock,
  type FairleadError,
  isFairleadError,
  limits,
} from '../protocol/index.ts'
import { ServerWebSocket, type WebSocketOwner } from '../transports/server-websocket.ts'
import { sseHeaders } from '../transports/sse.ts'
import { textFrame } from '../transports/websocket-frame.ts'
import { shakeHands } from '../transports/websocket-handshake.ts'
import { headerOf, targetOf } from './edge.ts'
import { negotiate } from './negotiate.ts'
import { refuse } from './problem.ts'

/** Whether a refusal passes: the same request may succeed later. */
export function isPassing(error: unknown): error is FairleadError {
  return isFairleadError(error) && error.temporary
}

/**
 * Answers a refusal before there is a stream. One that passes is a stream of `retry` and `$bye` to whoever asks for a
 * stream: an EventSource never comes back from any status but 200.
 */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  error: FairleadError,
  clock: Clock,
): void {
  if (error.temporary && !response.headersSent && opensStream(request))
    response.writeHead(200, sseHeaders).end(byeBlocks(request, error, clock))
  else refuse(response, error)
}

/** A browser cannot see a 503, and would take it for a proxy that blocks WebSockets: it is let in, and closed with 4100. */
export function refuseUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  error: FairleadError,
  clock: Clock,
): void {
  if (socket.destroyed) return
  const deflates = shakeHands(request, socket, false)
  const ws = new ServerWebSocket(socket, head, deflates, clock, nobody)
  const reason = reasonOf(error)
  socket.write(textFrame(JSON.stringify({ op: 'bye', reason, retryMs: returnMs(error, clock) })))
  ws.close(reason === 'drain' ? closeCodes.drain : closeCodes.unavailable, reason)
}

const ignore = () => {}
/** Nobody listens to what a refused client says. */
const nobody: WebSocketOwner = {
  text: ignore,
  binary: ignore,
  pinged: ignore,
  ponged: ignore,
  drained: ignore,
  closed: ignore,
}

/** Whether the answer would have been a stream; a history says so by its parameters. */
function opensStream(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    !/[?&](?:limit|wait)(?:=|&|$)/.test(request.url ?? '') &&
    negotiate(headerOf(request, 'accept')) === 'stream'
  )
}

/** Whether the request takes a connection for longer than an answer needs: a stream, or a poll that waits. */
export function opensConnection(request: IncomingMessage): boolean {
  return opensStream(request) || (request.method === 'GET' && /[?&]wait=/.test(request.url ?? ''))
}

function byeBlocks(request: IncomingMessage, error: FairleadError, clock: Clock): string {
  const bye = { reason: reasonOf(error), retryMs: returnMs(error, clock) }
  return new URLSearchParams(targetOf(request).query).get('format') === 'envelope'
    ? encodeSseBlock({ data: JSON.stringify({ op: 'bye', ...bye }) })
    : encodeSseBlock({ retryMs: Math.min(bye.retryMs, limits.retryMs) }) +
        encodeSseBlock({ event: '$bye', data: JSON.stringify(bye) })
}

/** Whoever is to wait comes back after that, spread by chance. */
function returnMs({ retryAfterMs = 0 }: FairleadError, clock: Clock): number {
  return Math.ceil(retryAfterMs) + retryMs(clock)
}

function reasonOf({ code }: FairleadError): ByeReason {
  if (code === 'draining') return 'drain'
  return code === 'unavailable' ? 'unavailable' : 'busy'
}
