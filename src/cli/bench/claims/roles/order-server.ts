import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { serveActions } from '../role.ts'

/** Takes numbered messages whose handling takes 0 to 20 ms, and remembers in which order it was done with them. */

const handlingMs = 20
let done: number[] = []
/** With sequencing: what is to be carried out next, and what came before its turn. */
let next = 0
const early = new Map<number, () => void>()
/** A message that waits for one that never comes must not wait for ever. */
const turnMs = 10_000

async function handle(number: number, inSequence: boolean): Promise<void> {
  if (number < 0) return
  await wait(Math.random() * handlingMs)
  if (inSequence && number !== next)
    await Promise.race([new Promise<void>((resolve) => early.set(number, resolve)), wait(turnMs)])
  done.push(number)
  if (!inSequence) return
  next = number + 1
  early.get(next)?.()
  early.delete(next)
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  text(request)
    .then((body) => handle(Number(body), request.url === '/in-sequence'))
    .then(() => response.writeHead(204).end())
    .catch(() => response.destroy())
}

function acceptSockets(server: Server): void {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  sockets.on('connection', (socket, { url }) => {
    // A handler that awaits something and is called again meanwhile, or one message after the other.
    const atOnce = url === '/at-once'
    let last = Promise.resolve()
    socket.on('message', (data: Buffer) => {
      const number = Number(data.toString())
      last = atOnce ? handle(number, false) : last.then(() => handleNext(number))
    })
    socket.on('error', () => socket.terminate())
  })
}

/** A queue is as fast as its handling: a tenth of the time keeps the run short, and changes no order. */
async function handleNext(number: number): Promise<void> {
  if (number < 0) return
  await wait((Math.random() * handlingMs) / 10)
  done.push(number)
}

async function listenOn(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  return (server.address() as AddressInfo).port
}

const actions = {
  async listen(): Promise<{ http1: number; http2: number }> {
    const http1 = createServer(serve)
    acceptSockets(http1)
    const http2 = createHttp2Server((request, response) =>
      serve(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    )
    return { http1: await listenOn(http1), http2: await listenOn(http2 as unknown as NetServer) }
  },
  forget(): void {
    done = []
    next = 0
    early.clear()
  },
  /** How many were carried out, and how many of them after one with a higher number. */
  counts(): { done: number; inverted: number } {
    let highest = -1
    let inverted = 0
    for (const number of done) {
      if (number < highest) inverted++
      highest = Math.max(highest, number)
    }
    return { done: done.length, inverted }
  },
}

/** Of the process. */
export type OrderServer = typeof actions

serveActions(actions)
