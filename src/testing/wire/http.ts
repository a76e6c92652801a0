import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { within } from './inbox.ts'

/** A whole answer, read to its end. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The body parsed as JSON; throws when it is none. */
  json(): Record<string, unknown>
}

/** What to ask; `GET` without a body by default. */
export interface HttpRequest {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined
  readonly body?: string | Uint8Array | undefined
}

/** Asks on a connection of its own, exactly as told: node:http adds only `host`, `connection` and a length. */
export async function askHttp(url: URL, asked: HttpRequest = {}, signal?: AbortSignal): Promise<HttpAnswer> {
  const response = await openHttp(url, asked, signal)
  const chunks: Uint8Array[] = []
  const whole = (async () => {
    for await (const chunk of response) chunks.push(chunk)
  })()
  await within(`the end of the answer to ${asked.method ?? 'GET'} ${url.pathname}`, whole)
  const body = Buffer.concat(chunks).toString('utf8')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    json: () => JSON.parse(body) as Record<string, unknown>,
  }
}

/** Asks, and gives the answer as soon as its head is there. */
export function openHttp(url: URL, asked: HttpRequest = {}, signal?: AbortSignal): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body } = asked
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const outgoing = request(url, { method, headers: { ...length, ...headers }, agent: false, signal })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  return within(`the head of the answer to ${method} ${url.pathname}`, answer)
}
