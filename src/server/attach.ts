import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What takes the requests and upgrades that are ours; `false` leaves one to whoever else listens. */
export interface Taker {
  request(request: IncomingMessage, response: ServerResponse): boolean
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): boolean
}

/**
 * Shares a server with an application: what is ours is taken before any other listener sees it, everything else goes
 * on as if we were not there, listeners added later included. Answers a function that undoes it.
 */
export function attachTo(server: Server, taker: Taker): () => void {
  const emit = server.emit
  server.emit = function (this: Server, name: string | symbol, ...args: unknown[]): boolean {
    if (name === 'request' && taker.request(args[0] as IncomingMessage, args[1] as ServerResponse))
      return true
    if (
      name === 'checkContinue' &&
      taker.request(args[0] as IncomingMessage, continued(args[1] as ServerResponse))
    )
      return true
    if (name === 'upgrade' && taker.upgrade(args[0] as IncomingMessage, args[1] as Socket, args[2] as Buffer))
      return true
    return Reflect.apply(emit, this, [name, ...args])
  } as Server['emit']
  // Node hands an upgrade over only when someone listens; a server without another listener answered it as a request.
  const asRequest = (request: IncomingMessage, socket: Socket) => {
    if (server.listenerCount('upgrade') > 1) return
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.end())
    server.emit('request', request, response)
  }
  server.on('upgrade', asRequest)
  return () => {
    server.emit = emit
    server.off('upgrade', asRequest)
  }
}

function continued(response: ServerResponse): ServerResponse {
  response.writeContinue()
  return response
}
