import { deepStrictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { askHttp, type HttpAnswer, type HttpRequest } from '../wire/http.ts'
import { openSse, type SseStream } from '../wire/sse.ts'
import { openWebSocket, type SocketRequest, type WireSocket } from '../wire/websocket.ts'
import type { ServerTraits } from './case.ts'

/** The server under test, as one case sees it. Whatever a case opens is cut when the case is over. */
export interface Target {
  /** The base URL, without a slash at its end. */
  readonly base: string
  readonly traits: ServerTraits
  /** A channel name that no other case uses. */
  channel(): string
  /** The URL of a path below the base, such as `/orders?limit=1`; an empty path is the base itself. */
  url(path: string): URL
  http(path: string, asked?: HttpRequest): Promise<HttpAnswer>
  /** Opens a stream and expects status 200. */
  sse(path: string, headers?: HttpRequest['headers']): Promise<SseStream>
  socket(path: string, asked?: SocketRequest): Promise<WireSocket>
  /** Sends by POST, expects 201, and answers the id of the event. */
  publish(channel: string, data: unknown, event?: string): Promise<string>
  /** Sends one event after the other in one batch and answers their ids. */
  publishMany(channel: string, data: readonly unknown[]): Promise<string[]>
  /** Asks for the position of a channel. */
  position(channel: string): Promise<string>
  /** Has `cut` called when the case is over. */
  own<T extends { cut(): void }>(opened: T): T
}

/** A target for one case, and what ends all that the case opened. */
export function createTarget(url: string, traits: ServerTraits): { target: Target; release(): void } {
  const base = toBase(url)
  const opened: { cut(): void }[] = []
  const at = (path: string): URL => new URL(base + path)
  const own = <T extends { cut(): void }>(one: T): T => {
    opened.push(one)
    return one
  }

  const target: Target = {
    base,
    traits,
    own,
    url: at,
    channel: () => `conformance/${randomBytes(9).toString('hex')}`,
    http: (path, asked) => askHttp(at(path), asked),
    async sse(path, headers) {
      const stream = own(await openSse(at(path), { headers }))
      deepStrictEqual(stream.status, 200, `GET ${path} was answered ${stream.status}`)
      return stream
    },
    socket: async (path, asked) => own(await openWebSocket(at(path), asked)),
    async publish(channel, data, event) {
      const query = event === undefined ? '' : `?event=${encodeURIComponent(event)}`
      const answer = await askHttp(at(`/${channel}${query}`), post(JSON.stringify(data)))
      deepStrictEqual(answer.status, 201, `a POST was answered ${answer.status} ${answer.body}`)
      return String(answer.json().id)
    },
    async publishMany(channel, data) {
      const ids: string[] = []
      for (let i = 0; i < data.length; i += 100) {
        ids.push(...(await sendBatch(at(''), channel, data.slice(i, i + 100))))
      }
      return ids
    },
    async position(channel) {
      return String((await askHttp(at(`/${channel}?limit=1`))).json().position)
    },
  }
  return {
    target,
    release() {
      for (const one of opened) one.cut()
    },
  }
}

/** A POST of JSON. */
export function post(body: string | Uint8Array, headers: Record<string, string> = {}): HttpRequest {
  const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
  return { method: 'POST', body, headers: { 'content-type': type, ...headers } }
}

async function sendBatch(url: URL, channel: string, data: readonly unknown[]): Promise<string[]> {
  const messages = data.map((one, i) => ({ op: 'send', ref: i, channel, data: one, key: newKey() }))
  const answer = await askHttp(url, post(JSON.stringify(messages)))
  deepStrictEqual(answer.status, 200, `a batch was answered ${answer.status} ${answer.body}`)
  return (JSON.parse(answer.body) as { id: string }[]).map((one) => one.id)
}

/** A new idempotency key. */
export function newKey(): string {
  return randomBytes(12).toString('hex')
}

/** An origin alone stands for its default base path. */
function toBase(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + (pathname === '/' ? '/live' : pathname.replace(/\/$/, ''))
}
