import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FairleadServer } from 'fairlead'
import type { ShopChannels } from './channels.ts'

/** The ways by which pages reach Fairlead, one per page, each of which can be cut. */
export interface Lines {
  /** Resets every connection on a page's line, and each new one for `ms`. Answers how many were cut. */
  cut(line: string, ms: number): number
  /** Lets a line through again. */
  heal(line: string): void
}

const form = /^\/line\/([A-Za-z0-9-]{8,64})(\/live(?:[/?].*)?)$/

/**
 * A page asks for `/line/ID/live/…` in place of `/live/…`, with an id of its own. The prefix is taken off before
 * Fairlead gets the request, and the page's sockets are known: cutting a line resets them (RST), as a dead network
 * would, whichever transport runs on them. What is on no line goes to `otherwise`.
 */
export function openLines(
  http: Server,
  live: FairleadServer<ShopChannels>,
  otherwise: (request: IncomingMessage, response: ServerResponse) => void,
): Lines {
  const open = new Map<string, Set<Socket>>()
  const cutUntil = new Map<string, number>()

  function isCut(line: string): boolean {
    const until = cutUntil.get(line)
    if (until === undefined) return false
    if (until > Date.now()) return true
    cutUntil.delete(line)
    return false
  }

  /** Whether the request is on a line that holds; `ended` says when it is over. */
  function admit(request: IncomingMessage, line: string, ended: (fn: () => void) => void): boolean {
    const { socket } = request
    if (isCut(line)) {
      socket.resetAndDestroy()
      return false
    }
    const sockets = open.get(line) ?? new Set()
    open.set(line, sockets.add(socket))
    ended(() => {
      sockets.delete(socket)
      if (sockets.size === 0 && open.get(line) === sockets) open.delete(line)
    })
    return true
  }

  http.on('request', (request, response) => {
    const [, line, url] = form.exec(request.url ?? '') ?? []
    if (line === undefined) return otherwise(request, response)
    if (!admit(request, line, (ended) => response.once('close', ended))) return
    request.url = url!
    live.handle(request, response)
  })
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const [, line, url] = form.exec(request.url ?? '') ?? []
    if (line === undefined) return void socket.destroy()
    if (!admit(request, line, (ended) => socket.once('close', ended))) return
    request.url = url!
    live.handleUpgrade(request, socket, head)
  })

  return {
    cut(line, ms) {
      cutUntil.set(line, Date.now() + ms)
      const sockets = [...(open.get(line) ?? [])]
      for (const socket of sockets) socket.resetAndDestroy()
      return sockets.length
    },
    heal: (line) => void cutUntil.delete(line),
  }
}
