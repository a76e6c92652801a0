import type { IncomingMessage, ServerResponse } from 'node:http'

/** An answer that is an error: `application/problem+json`, as Fairlead's own. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly more: object

  constructor(status: number, code: string, detail: string, more: object = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.more = more
  }
}

const bodyBytes = 4096

/**
 * Reads a small JSON object. It must say `application/json`: a page of another site cannot without the browser asking
 * first, and the shop never says yes.
 */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'unsupported_media_type', 'Send application/json.')
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytes) throw new Problem(413, 'payload_too_large', `At most ${bodyBytes} bytes.`)
    chunks.push(chunk)
  }
  return parseObject(Buffer.concat(chunks).toString())
}

/** A field that must be a text of 1 to `longest` characters. */
export function readText(body: Record<string, unknown>, name: string, longest: number): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '' && value.length <= longest) return value
  throw new Problem(400, 'bad_request', `${name} is a text of 1 to ${longest} characters.`)
}

/** A field that must be a whole number from `least` to `most`. */
export function readCount(body: Record<string, unknown>, name: string, least: number, most: number): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new Problem(400, 'bad_request', `${name} is a whole number from ${least} to ${most}.`)
}

/** Answers with JSON, and sets a cookie. */
export function sendJson(response: ServerResponse, status: number, answer: object, cookie?: string): void {
  if (cookie !== undefined) response.setHeader('set-cookie', cookie)
  send(response, status, 'application/json', answer)
}

/** Answers with an error. */
export function sendProblem(response: ServerResponse, { status, code, message, more }: Problem): void {
  send(response, status, 'application/problem+json', { status, code, detail: message, ...more })
}

function send(response: ServerResponse, status: number, type: string, answer: object): void {
  const text = `${JSON.stringify(answer)}\n`
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch {}
  throw new Problem(400, 'invalid_json', 'The body is one JSON object.')
}
