import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../hub/clock.ts'
import { corsHeaders } from './cors.ts'
import { assertEdge, type Edge } from './edge.ts'
import { isPassing, refuseRequest, refuseUpgrade } from './passing.ts'
import { asRefusal, refuseSocket } from './problem.ts'
import { assertHandshake } from './upgrade.ts'

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
      refuseRequest(request, response, asRefusal(error), this.#clock)
    } catch (refused) {
      refuseRequest(request, response, asRefusal(refused), this.#clock)
    }
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, error: unknown): void {
    try {
      assertEdge(this.#edge, request, true)
      assertHandshake(request)
      if (!isPassing(error)) throw error
      refuseUpgrade(request, socket, head, error, this.#clock)
    } catch (refused) {
      refuseSocket(socket, asRefusal(refused), corsHeaders(this.#edge, request))
    }
  }
}
