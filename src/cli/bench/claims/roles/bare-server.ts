import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { Delays, type Latency, stamp } from '../../../../load/tally.ts'
import { serveActions, type Usage, usage } from '../role.ts'

/** The plainest server of each transport: `node:http`, `node:http2` and `ws`, with nothing of ours in between. */

/** What is read: events on a stream, frames, or a request that waits. */
export type Downstream = 'sse' | 'websocket'

/** One reader, whichever its transport. */
interface Line {
  write(data: string): void
  writeBinary(data: Buffer): void
  readonly socket: { readonly writableLength: number; cork(): void; uncork(): void } | null
}

const lines: Readonly<Record<Downstream, Set<Line>>> = { sse: new Set(), websocket: new Set() }
const parked = new Set<ServerResponse | Http2ServerResponse>()
let received = { count: 0, delays: new Delays() }
/** A reader whose socket holds more than this is left to drain. */
const fullBytes = 64 * 1024

function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/'
  if (path.startsWith('/sse')) return openStream(request, response)
  if (path.startsWith('/up')) return void takeUp(request, response)
  if (path.startsWith('/poll')) return park(response)
  if (path.startsWith('/page')) {
    response.writeHead(200, { 'content-type': 'text/html' })
    return void response.end(page(new URL(path, 'http://localhost').searchParams))
  }
  response.writeHead(404).end()
}

/** Opens as many streams or sockets as its query says; the server counts what arrives. */
function page(query: URLSearchParams): string {
  const many = Math.min(100, Number(query.get('count')))
  const open =
    query.get('transport') === 'websocket'
      ? `new WebSocket('ws://' + location.host + '/ws')`
      : `new EventSource('/sse')`
  return `<!doctype html><title>streams</title><script>const all=[];for(let i=0;i<${many};i++)all.push(${open})</script>`
}

function openStream(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.write(':\n\n')
  const { socket } = response
  const line: Line = {
    write: (data) => void response.write(`data: ${data}\n\n`),
    writeBinary: (data) => void response.write(`data: ${data.toString('base64')}\n\n`),
    socket,
  }
  lines.sse.add(line)
  request.on('close', () => lines.sse.delete(line))
  response.on('close', () => lines.sse.delete(line))
}

function park(response: ServerResponse): void {
  parked.add(response)
  response.on('close', () => parked.delete(response))
}

async function takeUp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  take(await text(request))
  response.writeHead(204).end()
}

function take(message: string): void {
  received.count++
  received.delays.read(message)
}

function acceptSockets(server: Server): void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const line: Line = {
        write: (data) => webSocket.send(data),
        writeBinary: (data) => webSocket.send(data),
        socket,
      }
      lines.websocket.add(line)
      webSocket.on('close', () => lines.websocket.delete(line))
      webSocket.on('error', () => webSocket.terminate())
      const answers = request.url?.endsWith('?answer')
      webSocket.on('message', (data: Buffer) => {
        take(data.toString('utf8'))
        if (answers) webSocket.send('ok')
      })
    })
  })
}

async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  return (server.address() as AddressInfo).port
}

const actions = {
  /** The ports of HTTP/1.1 with WebSockets, and of HTTP/2 without TLS. */
  async listen(): Promise<{ http1: number; http2: number }> {
    const http1 = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, serve)
    acceptSockets(http1)
    const http2 = createHttp2Server((request, response) =>
      serve(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    )
    return { http1: await listenOn(http1), http2: await listenOn(http2 as unknown as Server) }
  },
  counts(): {
    sse: number
    websocket: number
    parked: number
    received: number
    latency: Latency | undefined
  } {
    const { count, delays } = received
    return {
      sse: lines.sse.size,
      websocket: lines.websocket.size,
      parked: parked.size,
      received: count,
      latency: delays.latency,
    }
  },
  /** What came up so far is forgotten. */
  forget(): void {
    received = { count: 0, delays: new Delays() }
  },
  usage: ({ clear }: { clear: boolean }): Usage => usage(clear),
  /** Events to every reader at an even pace, each stamped. */
  async publish(what: { to: Downstream; count: number; perSecond: number; bytes: number }): Promise<void> {
    for (let i = 0; i < what.count; i++) {
      if (i > 0) await wait(1000 / what.perSecond)
      const head = `{"sent":${stamp()},"pad":"`
      const event = `${head}${'x'.repeat(Math.max(0, what.bytes - head.length - 2))}"}`
      for (const line of lines[what.to]) line.write(event)
    }
  },
  /** As many messages as the readers take. `corked` writes what one turn makes as one. */
  async flood(what: {
    to: Downstream
    ms: number
    bytes: number
    corked: boolean
  }): Promise<{ sent: number; cpuUs: number; ms: number }> {
    const message = 'x'.repeat(what.bytes)
    const before = usage(false).cpuUs
    const began = performance.now()
    let sent = 0
    while (performance.now() - began < what.ms) {
      for (const line of lines[what.to]) sent += fill(line, message, what.corked)
      await nextTurn()
    }
    return { sent, cpuUs: usage(false).cpuUs - before, ms: performance.now() - began }
  },
  /** Random bytes to every reader, as fast as they take them. */
  async binary(what: { to: Downstream; count: number; bytes: number }): Promise<{ cpuUs: number }> {
    const data = randomBytes(what.bytes)
    const before = usage(false).cpuUs
    for (let sent = 0; sent < what.count; ) {
      for (const line of lines[what.to]) {
        if ((line.socket?.writableLength ?? 0) > fullBytes) continue
        line.writeBinary(data)
        sent++
      }
      await nextTurn()
    }
    return { cpuUs: usage(false).cpuUs - before }
  },
}

/** A turn's worth of messages for one reader. */
function fill({ socket, write }: Line, message: string, corked: boolean): number {
  if (corked) socket?.cork()
  let sent = 0
  while (sent < 64 && (socket?.writableLength ?? 0) < fullBytes) {
    write(message)
    sent++
  }
  if (corked) socket?.uncork()
  return sent
}

/** Of the process. */
export type BareServer = typeof actions

serveActions(actions)
