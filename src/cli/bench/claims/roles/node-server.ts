import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { serveActions } from '../role.ts'

/** One of several servers behind one address. Its log is what it is told; its sessions are in its own memory. */

const log: string[] = []
const readers = new Set<() => void>()
const sessions = new Set<string>()

function serve(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/sse') return stream(request, response)
  if (pathname === '/poll') return poll(Number(searchParams.get('after')), response)
  if (pathname === '/session') return openSession(response)
  // As protocols do whose session spans several requests.
  if (sessions.has(searchParams.get('session') ?? ''))
    return poll(Number(searchParams.get('after')), response)
  response.writeHead(400).end('session unknown')
}

function openSession(response: ServerResponse): void {
  const id = randomUUID()
  sessions.add(id)
  response.end(id)
}

function stream(request: IncomingMessage, response: ServerResponse): void {
  let at = Number(request.headers['last-event-id'] ?? 0)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const more = (): void => {
    for (; at < log.length; at++) response.write(`id: ${at + 1}\ndata: ${log[at]}\n\n`)
  }
  readers.add(more)
  response.on('close', () => readers.delete(more))
  response.write(':\n\n')
  more()
}

/** Answers with what is newer, at most ten, or waits for it. */
function poll(after: number, response: ServerResponse): void {
  const answer = (): void => {
    if (log.length <= after) return
    readers.delete(answer)
    response.end(JSON.stringify(log.slice(after, after + 10)))
  }
  readers.add(answer)
  response.on('close', () => readers.delete(answer))
  answer()
}

const actions = {
  async listen(): Promise<{ port: number }> {
    const server = createServer(serve)
    new WebSocketServer({ server }).on('connection', (socket) => {
      socket.on('message', (data: Buffer) => socket.send(data.toString('utf8')))
      socket.on('error', () => socket.terminate())
    })
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
    return { port: (server.address() as AddressInfo).port }
  },
  /** What the log that all servers share has new. */
  append({ events }: { events: readonly string[] }): void {
    log.push(...events)
    for (const reader of [...readers]) reader()
  },
}

/** Of the process. */
export type NodeServer = typeof actions

serveActions(actions)
