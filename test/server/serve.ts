import { request as httpRequest, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Channels } from '../../src/hub/channels.ts'
import { createSseDecoder, type ServerMessage, type SseEvent } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import type { ServerOptions } from '../../src/server/options.ts'

/** A server on a free port, closed with the test. */
export async function serve<const C extends Channels>(options: ServerOptions<C>) {
  const server = createServer({ heartbeatMs: 1_000, ...options })
  const { url, port } = await server.listen({ port: 0 })
  onTestFinished(() => server.close())
  return { server, url: `${url}/live`, origin: url, port }
}

/** Waits until `ready` is true, and says what was waited for when it never is. */
export async function until(ready: () => boolean, what: string, deadlineMs = 8_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!ready()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** An SSE stream that is read as it comes. */
export interface OpenStream {
  readonly response: IncomingMessage
  readonly events: SseEvent[]
  readonly ended: boolean
  /** The first event of a name, waited for. */
  event(name: string, matching?: (event: SseEvent) => boolean): Promise<SseEvent>
  close(): void
}

/** Opens an SSE stream; it is closed with the test. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<OpenStream> {
  const events: SseEvent[] = []
  const state = { ended: false }
  const request = httpRequest(url, { headers: { accept: 'text/event-stream', ...headers } })
  request.on('error', () => {})
  onTestFinished(() => void request.destroy())
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('close', () => reject(new Error('The stream was closed before its head.')))
    request.end()
  })
  const decoder = createSseDecoder({ onEvent: (event) => void events.push(event) })
  response.on('data', (chunk: Buffer) => decoder.push(chunk))
  response.on('error', () => {})
  response.on('close', () => {
    state.ended = true
  })
  return {
    response,
    events,
    get ended() {
      return state.ended
    },
    async event(name, matching = () => true) {
      const find = () => events.find((event) => event.event === name && matching(event))
      await until(() => find() !== undefined, `the event ${name}`)
      return find()!
    },
    close: () => void request.destroy(),
  }
}

/** A WebSocket with what it heard. */
export interface OpenSocket {
  readonly ws: WebSocket
  readonly messages: ServerMessage[]
  readonly closed: { code: number } | undefined
  say(message: object): void
  /** The first message that matches, waited for. */
  message<Op extends ServerMessage['op']>(
    op: Op,
    matching?: (message: Extract<ServerMessage, { op: Op }>) => boolean,
  ): Promise<Extract<ServerMessage, { op: Op }>>
}

/** Opens a WebSocket; it is closed with the test. */
export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<OpenSocket> {
  const ws = new WebSocket(url.replace('http', 'ws'), { headers })
  const messages: ServerMessage[] = []
  const state: { closed?: { code: number } } = {}
  ws.on('message', (data) => void messages.push(JSON.parse(data.toString())))
  ws.on('error', () => {})
  ws.on('close', (code) => {
    state.closed = { code }
  })
  onTestFinished(() => ws.terminate())
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve)
    ws.on('unexpected-response', (_, response) =>
      reject(new Error(`The upgrade was refused with ${response.statusCode}.`)),
    )
  })
  return {
    ws,
    messages,
    get closed() {
      return state.closed
    },
    say: (message) => ws.send(JSON.stringify(message)),
    async message(op, matching = () => true) {
      type Found = Extract<ServerMessage, { op: typeof op }>
      const find = () => messages.find((one) => one.op === op && matching(one as Found)) as Found | undefined
      await until(() => find() !== undefined, `the message ${op}`)
      return find()!
    },
  }
}

/** Sends one event by POST. */
export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
}
