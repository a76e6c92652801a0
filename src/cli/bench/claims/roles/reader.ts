import { Agent, type IncomingMessage, request } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Delays, type Latency } from '../../../../load/tally.ts'
import { serveActions, type Usage, usage } from '../role.ts'

/** Readers that count and time-stamp, and keep nothing. */

/** How readers connect. `sse-http2` puts a hundred streams on a connection. */
export type ReaderTransport = 'sse' | 'sse-http2' | 'websocket' | 'long-poll'

/** What readers saw since they were last told to forget it. */
export interface ReaderCounts {
  readonly open: number
  readonly events: number
  readonly stamped: number
  /** Of all sockets so far, with the handshake. */
  readonly bytes: number
  /** In microseconds. */
  readonly latency: Latency | undefined
}

interface Opening {
  readonly url: string
  readonly transport: ReaderTransport
  readonly count: number
  /** Sockets at most, as a browser's six. @default one a reader */
  readonly sockets?: number
  /** Whether each event is turned into bytes, as an application would. @default false */
  readonly decode?: boolean
}

const streamsOfSession = 100
const openMs = 20_000
let seen = { events: 0, stamped: 0, delays: new Delays() }
let open = 0
let wanted: { reached: () => boolean; resolve: () => void } | undefined
let bytesDecoded = 0
const sockets = new Set<{ readonly bytesRead: number }>()
const sessions: ClientHttp2Session[] = []

function see(data: string | Buffer, decode: boolean): void {
  seen.events++
  if (typeof data === 'string') {
    if (data.includes('"sent":')) {
      seen.stamped++
      seen.delays.read(data)
    }
    if (decode) bytesDecoded += Buffer.from(data.slice(data.indexOf('data: ') + 6), 'base64').length
  } else bytesDecoded += data.length
  if (wanted?.reached()) wanted.resolve()
}

/** Blocks are found in the text as it comes; a comment is none. */
function readBlocks(stream: Readable, decode: boolean): void {
  let rest = ''
  stream.setEncoding('latin1')
  stream.on('data', (chunk: string) => {
    const text = rest + chunk
    let from = 0
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n', from)) {
      if (text[from] !== ':') see(text.slice(from, end), decode)
      from = end + 2
    }
    rest = text.slice(from)
  })
}

type Opened = Promise<void>

function openHttp(opening: Opening, agent: Agent | false): Opened {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'text/event-stream' }
    const asked = request(opening.url, { agent, headers })
    asked.on('error', reject)
    asked.on('socket', (socket) => sockets.add(socket))
    // A poll is open when it is asked: its answer comes with the next event.
    if (opening.transport === 'long-poll') asked.on('finish', resolve)
    asked.on('response', (response: IncomingMessage) => {
      response.on('error', () => {})
      readBlocks(response, opening.decode ?? false)
      resolve()
    })
    asked.end()
  })
}

function openWebSocket({ url, decode = false }: Opening): Opened {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false })
    socket.on('upgrade', (response: IncomingMessage) => sockets.add(response.socket))
    socket.on('open', resolve)
    socket.on('error', reject)
    socket.on('message', (data: Buffer, isBinary) => see(isBinary ? data : data.toString('utf8'), decode))
  })
}

function openHttp2({ url, decode = false }: Opening, i: number): Opened {
  const { origin, pathname } = new URL(url)
  if (i % streamsOfSession === 0) sessions.push(connect(origin))
  const session = sessions.at(-1)!
  return new Promise((resolve, reject) => {
    session.once('error', reject)
    session.setMaxListeners(streamsOfSession * 2)
    const stream = session.request({ ':path': pathname })
    stream.on('error', reject)
    stream.on('response', () => {
      readBlocks(stream, decode)
      resolve()
    })
  })
}

const actions = {
  /** Opens readers, two hundred at a time; those that are not open after `ms` stay on their way. */
  async open({
    ms = openMs,
    ...opening
  }: Opening & { ms?: number }): Promise<{ open: number; failure?: string }> {
    const agent = opening.sockets === undefined ? false : new Agent({ maxSockets: opening.sockets })
    const before = open
    let failure: string | undefined
    const all: Promise<void>[] = []
    for (let i = 0; i < opening.count; i++) {
      all.push(
        (opening.transport === 'websocket'
          ? openWebSocket(opening)
          : opening.transport === 'sse-http2'
            ? openHttp2(opening, i)
            : openHttp(opening, agent)
        ).then(
          () => void open++,
          (error: unknown) => {
            failure = String(error)
          },
        ),
      )
      if (agent === false && i % 200 === 199) await Promise.race([Promise.all(all), wait(ms)])
    }
    await Promise.race([Promise.all(all), wait(ms)])
    return { open: open - before, ...(failure !== undefined && { failure }) }
  },
  counts,
  forget(): void {
    seen = { events: 0, stamped: 0, delays: new Delays() }
  },
  /** Resolves when so many came, or after `ms`. */
  async reached(what: { events?: number; stamped?: number; ms: number }): Promise<ReaderCounts> {
    const reached = (): boolean => seen.events >= (what.events ?? 0) && seen.stamped >= (what.stamped ?? 0)
    if (!reached()) {
      const over = new AbortController()
      const arrived = new Promise<void>((resolve) => {
        wanted = { reached, resolve }
      })
      await Promise.race([arrived, wait(what.ms, undefined, { signal: over.signal }).catch(() => {})])
      over.abort()
      wanted = undefined
    }
    return counts()
  },
  usage: ({ clear }: { clear: boolean }): Usage & { decoded: number } => ({
    ...usage(clear),
    decoded: bytesDecoded,
  }),
}

function counts(): ReaderCounts {
  let bytes = 0
  for (const { bytesRead } of sockets) bytes += bytesRead
  return { open, events: seen.events, stamped: seen.stamped, bytes, latency: seen.delays.latency }
}

/** Of the process. */
export type Reader = typeof actions

serveActions(actions)
