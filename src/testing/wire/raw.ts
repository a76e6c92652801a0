import { connect, type Socket } from 'node:net'
import { patienceMs, within } from './inbox.ts'

/** What stood on the wire after some raw bytes were sent. */
export interface RawAnswer {
  /** 0 when nothing that looks like an answer came. */
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Whether the server ended the connection. */
  readonly closed: boolean
  /** All bytes, as Latin-1. */
  readonly text: string
}

/** How to send raw bytes. */
export interface RawRequest {
  /** Sent first, on the same connection; its bodiless answer is skipped. */
  readonly behind?: string | undefined
  /** One byte a packet instead of all at once. */
  readonly trickle?: boolean | undefined
  /** How long the answer may take, in milliseconds. */
  readonly withinMs?: number | undefined
}

/** Sends bytes on a connection of their own and reads until the answer is whole or the server ends the connection. */
export async function askRaw(
  url: URL,
  bytes: string | Uint8Array,
  asked: RawRequest = {},
): Promise<RawAnswer> {
  const socket = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''))
  socket.setNoDelay(true)
  socket.on('error', () => {})
  try {
    const whole = readAnswer(socket, asked.behind === undefined ? 0 : 1)
    const sent = Buffer.concat([Buffer.from(asked.behind ?? ''), Buffer.from(toBytes(bytes))])
    if (asked.trickle) await trickle(socket, sent)
    else socket.write(sent)
    return await within('the answer to raw bytes', whole, asked.withinMs ?? patienceMs)
  } finally {
    socket.destroy()
  }
}

/** Latin-1, so that a case can write any byte as `\xNN`. */
function toBytes(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (let i = 0; i < bytes.length && !socket.destroyed; i++) {
    socket.write(bytes.subarray(i, i + 1))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function readAnswer(socket: Socket, skip: number): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const answer = parseAnswer(text, skip, false)
      // An answer that promises to close is whole only when the connection is.
      if (answer && answer.headers.get('connection') !== 'close') resolve(answer)
    })
    socket.on('close', () => resolve(parseAnswer(text, skip, true) ?? nothing(text)))
  })
}

function nothing(text: string): RawAnswer {
  return { status: 0, headers: new Map(), body: '', closed: true, text }
}

function parseAnswer(text: string, skip: number, closed: boolean): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  if (skip > 0) return parseAnswer(text.slice(end + 4), skip - 1, closed)
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = text.slice(end + 4)
  if (!closed && body.length < Number(headers.get('content-length') ?? 0)) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body, closed, text }
}

/** Sends bytes, reads until `enough` says so or the server ends the connection, and cuts it. */
export async function readRaw(url: URL, bytes: string, enough: (text: string) => boolean): Promise<string> {
  const socket = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''))
  socket.on('error', () => {})
  try {
    let text = ''
    const whole = new Promise<string>((resolve) => {
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (enough(text)) resolve(text)
      })
      socket.on('close', () => resolve(text))
    })
    socket.write(toBytes(bytes))
    return await within('raw bytes', whole)
  } finally {
    socket.destroy()
  }
}
