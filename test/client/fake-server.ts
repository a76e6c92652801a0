import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Clock, systemClock } from '../../src/client/clock.ts'

/** The machine's clock, for a client that does not wait before it reconnects, unless it is asked to. */
export const hasty: Clock = { ...systemClock, random: () => 0 }

/** How long a test waits for what its client should do. */
const patienceMs = 5_000

/** An HTTP request that waits for the test to answer it. */
export class Exchange {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly response: ServerResponse
  /** Resolves when the client is gone, or has its answer. */
  readonly over: Promise<void>

  constructor(request: IncomingMessage, body: string, response: ServerResponse) {
    const url = new URL(request.url ?? '', 'http://host')
    this.method = request.method ?? ''
    this.path = url.pathname
    this.query = url.searchParams
    this.headers = request.headers
    this.body = body
    this.response = response
    this.over = new Promise((resolve) => response.on('close', resolve))
  }

  json(body: unknown, status = 200): void {
    this.response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  problem(status: number, code: string, headers: Record<string, string> = {}): void {
    this.response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ status, code, detail: `Refused: ${code}.` }))
  }

  /** Begins an event stream, as the server does: with a heartbeat. */
  stream(id: string, everyMs = 25_000): this {
    this.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    this.response.write(
      `retry: 1000\nid: ${id}\ndata: ${JSON.stringify({ op: 'heartbeat', id, everyMs })}\n\n`,
    )
    return this
  }

  /** Writes one message of the stream. */
  say(message: { id?: string; [field: string]: unknown }): void {
    const id = message.id === undefined ? '' : `id: ${message.id}\n`
    this.response.write(`${id}data: ${JSON.stringify(message)}\n\n`)
  }
}

/** What a client says on a WebSocket; of a binary message, its header with the bytes. */
type Heard = Record<string, unknown> & { op: string; ref: number; bytes?: Uint8Array }

/** A WebSocket's server side. */
export class FakeSocket {
  readonly ws: WebSocket
  readonly url: URL
  readonly closed: Promise<number>
  readonly #heard = new Inbox<Heard>('a message')

  constructor(ws: WebSocket, url: string) {
    const heard = this.#heard
    this.ws = ws
    this.url = new URL(url, 'ws://host')
    this.closed = new Promise((resolve) => ws.on('close', resolve))
    ws.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return heard.put(JSON.parse(data.toString()))
      const end = 4 + data.readUInt32BE(0)
      heard.put({ ...JSON.parse(data.subarray(4, end).toString()), bytes: data.subarray(end) })
    })
  }

  /** The next message of this op; others before it are dropped. */
  async hear(op: string): Promise<Heard> {
    for (;;) {
      const message = await this.#heard.take()
      if (message.op === op) return message
    }
  }

  say(message: Record<string, unknown>): void {
    this.ws.send(JSON.stringify(message))
  }

  /** Answers the next subscribe, from this position. */
  async subscribe(position: string): Promise<Heard> {
    const asked = await this.hear('subscribe')
    this.say({ op: 'ok', ref: asked.ref, position })
    return asked
  }
}

/** Things that come one by one to a test that waits for them. */
class Inbox<T> {
  readonly #what: string
  readonly #waiting: T[] = []
  #wake: ((one: T) => void) | undefined

  constructor(what: string) {
    this.#what = what
  }

  put(one: T): void {
    if (this.#wake) this.#wake(one)
    else this.#waiting.push(one)
  }

  take(): Promise<T> {
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.shift()!)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`There was not ${this.#what} in time.`)), patienceMs)
      this.#wake = (one) => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve(one)
      }
    })
  }
}

/** A server that does nothing but what the test does for it. */
export interface FakeServer {
  /** The base URL for `connect`. */
  readonly url: string
  /** The next HTTP request. */
  request(): Promise<Exchange>
  /** The next WebSocket: it is accepted, and has said nothing yet. */
  socket(): Promise<FakeSocket>
  close(): Promise<void>
}

export async function startFakeServer(): Promise<FakeServer> {
  const requests = new Inbox<Exchange>('a request')
  const sockets = new Inbox<FakeSocket>('a WebSocket')
  const server = createServer((request, response) => {
    const body: Buffer[] = []
    request.on('data', (chunk: Buffer) => body.push(chunk))
    request.on('end', () => requests.put(new Exchange(request, Buffer.concat(body).toString(), response)))
  })
  const upgrades = new WebSocketServer({ server })
  upgrades.on('connection', (ws, request) => sockets.put(new FakeSocket(ws, request.url ?? '')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    request: () => requests.take(),
    socket: () => sockets.take(),
    async close() {
      for (const ws of upgrades.clients) ws.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Waits for what becomes true by itself. */
export async function until(isTrue: () => boolean, longestMs = patienceMs): Promise<void> {
  const end = Date.now() + longestMs
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`It did not become true in time: ${isTrue}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
