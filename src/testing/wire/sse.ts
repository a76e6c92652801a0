import type { IncomingHttpHeaders } from 'node:http'
import { type HttpRequest, openHttp } from './http.ts'
import { createInbox, type Inbox } from './inbox.ts'

/**
 * One block as it stood on the wire, so that a case can tell a field left out from one that repeats: deliberately not
 * our own decoder, which this suite would otherwise test with itself.
 */
export interface SseBlock {
  readonly id: string | undefined
  /** `message` when the block had no `event:`. */
  readonly event: string
  readonly data: string | undefined
  readonly retryMs: number | undefined
  /** The lines of the block. */
  readonly lines: readonly string[]
}

/** An open SSE stream. */
export interface SseStream {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly blocks: Inbox<SseBlock>
  /** The next block, heartbeats included. */
  next(): Promise<SseBlock>
  /** The next block that is not a heartbeat (plain or envelope). */
  event(): Promise<SseBlock>
  /** Settles when the server has ended the stream, or the stream was cut. */
  readonly ended: Promise<void>
  /** Ends the connection at once. */
  cut(): void
}

/** Opens a stream; any status is given back, the body of a refusal is read as blocks too. */
export async function openSse(url: URL, asked: HttpRequest = {}): Promise<SseStream> {
  const response = await openHttp(url, asked)
  const blocks = createInbox<SseBlock>()
  const split = createBlockSplitter((block) => blocks.push(block))
  response.setEncoding('utf8')
  response.on('data', split)
  const ended = new Promise<void>((resolve) => {
    response.on('error', () => {})
    response.on('close', () => {
      blocks.end('the stream had ended')
      resolve()
    })
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    blocks,
    ended,
    next: () => blocks.take('a block'),
    event: () => blocks.take('a block other than a heartbeat', (block) => !isHeartbeat(block)),
    cut: () => response.destroy(),
  }
}

/** Whether a block is the heartbeat, in either form. */
export function isHeartbeat(block: SseBlock): boolean {
  return block.event === '$heartbeat' || (block.data?.startsWith('{"op":"heartbeat"') ?? false)
}

/** Gives each block to `onBlock` as soon as its blank line has come. */
export function createBlockSplitter(onBlock: (block: SseBlock) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const parts = (rest + text).split(/\r?\n\r?\n/)
    rest = parts.pop() ?? ''
    for (const part of parts) onBlock(parseBlock(part.split(/\r?\n/)))
  }
}

function parseBlock(lines: string[]): SseBlock {
  const values = (name: string): string[] =>
    lines
      .filter((line) => line === name || line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
  const data = values('data')
  const retry = values('retry').at(-1)
  return {
    id: values('id').at(-1),
    event: values('event').at(-1) ?? 'message',
    data: data.length === 0 ? undefined : data.join('\n'),
    retryMs: retry === undefined ? undefined : Number(retry),
    lines,
  }
}
