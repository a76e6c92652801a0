import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type FairleadServer, isFairleadError } from 'fairlead'
import type { LineCut, ShopChannels } from './channels.ts'

/** The ways by which pages reach Fairlead, one per page, each of which can be cut. */
export interface Lines {
  /**
   * Resets every connection on a page's line, and each new one for `ms`; 0 lets the line through again. On every
   * server of the shop: this one answers how many it cut itself.
   */
  cut(line: string, ms: number): Promise<number>
  /** Does what other servers are told, until the signal. */
  follow(signal: AbortSignal): Promise<void>
}

const form = /^(?:\/dashboard)?\/line\/([A-Za-z0-9-]{8,64})(\/live(?:[/?].*)?)$/

/**
 * A page asks for `/line/ID/live/…` (the dashboard, below its own path) in place of `/live/…`, with an id of its own. The prefix is taken off before
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

  function cutHere({ line, until }: LineCut): number {
    if (until <= Date.now()) {
      cutUntil.delete(line)
      return 0
    }
    cutUntil.set(line, until)
    const sockets = [...(open.get(line) ?? [])]
    for (const socket of sockets) socket.resetAndDestroy()
    return sockets.length
  }

  async function cut(line: string, ms: number): Promise<number> {
    const data = { line, until: ms === 0 ? 0 : Date.now() + ms }
    // Here at once; what comes round through the channel, to this server too, says the same.
    const connections = cutHere(data)
    await live.channel('lines').publish('cut', data)
    return connections
  }

  return {
    cut,
    async follow(signal) {
      try {
        for await (const { data } of live.channel('lines').events({ signal })) cutHere(data)
      } catch (error) {
        // What the log lost of them is nothing to stop for: whoever follows again begins with the next.
        if (!isFairleadError(error) || error.code !== 'not_found') throw error
      }
    },
  }
}
