import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import type { Clock } from '../hub/clock.ts'
import { retryMs } from '../hub/connections.ts'
import {
  closeCodes,
  encodeSseBlock,
  type FairleadError,
  isFairleadError,
  limits,
  subprotocol,
} from '../protocol/index.ts'
import { sseHeaders } from '../transports/sse.ts'
import { corsHeaders } from './cors.ts'
import { assertEdge, type Edge, headerOf, targetOf } from './edge.ts'
import { negotiate } from './negotiate.ts'
import { asRefusal, refuse, refuseSocket } from './problem.ts'
import { assertHandshake } from './upgrade.ts'

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: limits.messageBytes,
  handleProtocols: () => subprotocol,
})

/** Answers while the log of a server that starts is out of reach: as a refusal that passes, on each transport. */
export class NotReady {
  readonly #edge: Edge
  readonly #clock: Clock

  constructor(edge: Edge, clock: Clock) {
    this.#edge = edge
    this.#clock = clock
  }

  request(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    response.on('error', () => {}) // The reader is gone: its `close` event says so, too.
    if (response.destroyed || response.headersSent) return void response.destroy()
    try {
      for (const [name, value] of Object.entries(corsHeaders(this.#edge, request)))
        response.setHeader(name, value)
      assertEdge(this.#edge, request, request.method === 'POST')
      // An EventSource never comes back from any status but 200.
      if (isPassing(error) && isStream(request)) {
        response.writeHead(200, sseHeaders).end(this.#bye(request))
        return
      }
      refuse(response, asRefusal(error))
    } catch (refused) {
      refuse(response, asRefusal(refused))
    }
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, error: unknown): void {
    try {
      assertEdge(this.#edge, request, true)
      assertHandshake(request)
      if (!isPassing(error)) throw error
      if (socket.destroyed) return
      // A browser cannot see a 503, and would take it for a proxy that blocks WebSockets.
      sockets.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => socket.destroy())
        ws.send(JSON.stringify({ op: 'bye', reason: 'unavailable', retryMs: retryMs(this.#clock) }))
        ws.close(closeCodes.unavailable)
      })
    } catch (refused) {
      refuseSocket(socket, asRefusal(refused), corsHeaders(this.#edge, request))
    }
  }

  #bye(request: IncomingMessage): string {
    const ms = retryMs(this.#clock)
    const bye = { reason: 'unavailable', retryMs: ms }
    return new URLSearchParams(targetOf(request).query).get('format') === 'envelope'
      ? encodeSseBlock({ data: JSON.stringify({ op: 'bye', ...bye }) })
      : encodeSseBlock({ retryMs: Math.min(ms, limits.retryMs) }) +
          encodeSseBlock({ event: '$bye', data: JSON.stringify(bye) })
  }
}

function isPassing(error: unknown): error is FairleadError {
  return isFairleadError(error) && error.temporary
}

/** Whether the answer would have been a stream; a history says so by its parameters. */
function isStream(request: IncomingMessage): boolean {
  const query = new URLSearchParams(targetOf(request).query)
  const history = ['limit', 'wait'].some((name) => query.has(name))
  return request.method === 'GET' && !history && negotiate(headerOf(request, 'accept')) === 'stream'
}
