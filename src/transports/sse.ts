import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Encoding } from '../hub/connection.ts'
import type { Session } from '../hub/session.ts'
import { type Standing, standingOf } from '../hub/standing.ts'
import type { Spanned, StreamOwner, SubscribeOptions } from '../hub/stream.ts'
import {
  type ByeReason,
  type ControlMessage,
  encodeSseBlock,
  type FairleadError,
  isFairleadError,
  limits,
} from '../protocol/index.ts'
import { compressAlone, gzipEncoding, gzipHead, mayCompress, takesGzip } from './compression.ts'
import { Descriptor } from './descriptor.ts'
import { sseEnvelope, ssePlain, sseSeveral } from './encodings.ts'
import { Heartbeat } from './heartbeat.ts'
import { httpChunk, inChunks, socketOf } from './http-chunks.ts'
import { plainBlocks } from './sse-blocks.ts'
import { StalledSocket } from './stalled-socket.ts'

/** The first delay before a reader comes back, spread by chance up to twice this. */
const retryBaseMs = 1_500
/** How long a socket has to take the last block before it is destroyed. */
const farewellMs = 1_000

/** The head of every stream (PROTOCOL.md, section 3). */
export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-store, no-transform',
  'x-accel-buffering': 'no',
  // After a stream a balancer chooses again; a connection that carried one is not used for another request.
  connection: 'close',
} as const

/** What one stream carries, and how. */
export interface SseOptions extends SubscribeOptions {
  readonly channels: readonly string[]
  /** The SDK's format: every block an envelope. */
  readonly envelope: boolean
  readonly heartbeatMs: number
}

/**
 * Answers with a stream. A refusal for good is thrown, to become a status; one that passes is a stream of `retry` and
 * `$bye`, because an EventSource never comes back from any status but 200.
 */
export async function serveSse(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  options: SseOptions,
): Promise<void> {
  // Its reader went away while it was asked who that is: no `close` event is to come.
  if (response.destroyed) return session.close()
  if (request.method === 'HEAD') {
    await session.admit(options.channels)
    response.writeHead(200, sseHeaders).end()
    return
  }
  const gzip = mayCompress(session.hub.declared, options.channels)
  if (gzip) response.appendHeader('vary', 'accept-encoding')
  const stream = new SseStream(
    session,
    response,
    options,
    gzip && takesGzip(request.headers['accept-encoding']?.toString()),
  )
  try {
    stream.begin(await openStreams(session, options, stream))
  } catch (error) {
    session.close()
    if (response.destroyed || response.headersSent) return
    if (!isFairleadError(error) || !error.temporary) throw error
    stream.refuse(error)
  }
}

/** Only the SDK's format tells the channels of several logs apart: they have no position in common. */
async function openStreams(session: Session, options: SseOptions, stream: SseStream): Promise<Spanned> {
  session.connect()
  if (options.envelope) return session.span(options.channels, options, stream)
  const { denied, ...opened } = await session.subscribe(options.channels, options, stream)
  return { streams: [opened], denied }
}

/** One SSE connection. */
class SseStream implements Connection, StreamOwner {
  readonly encoding: Encoding
  readonly #session: Session
  readonly #response: ServerResponse
  /** The socket below the response, if chunks go straight to it. */
  readonly #socket: Socket | undefined
  readonly #descriptor: Descriptor | undefined
  readonly #envelope: boolean
  readonly #heartbeatMs: number
  readonly #retryMs: number
  readonly #gzip: boolean
  #heartbeat: Heartbeat | undefined
  #stalled: StalledSocket | undefined
  #ended = false
  /** Streams of several logs share the connection. */
  shared = false
  writtenBytes = 0

  constructor(session: Session, response: ServerResponse, options: SseOptions, gzip: boolean) {
    this.#session = session
    this.#response = response
    this.#socket = socketOf(response)
    this.#descriptor = this.#socket && new Descriptor(this.#socket)
    this.#envelope = options.envelope
    this.#heartbeatMs = options.heartbeatMs
    this.#retryMs = retryBaseMs + Math.floor(session.hub.clock.random() * retryBaseMs)
    this.#gzip = gzip
    const plain = options.envelope ? sseEnvelope : options.channels.length > 1 ? sseSeveral : ssePlain
    this.encoding = gzip ? gzipEncoding(plain) : plain
    session.hub.connections.add(this)
    const closed = () => this.#closed()
    response.on('close', closed)
    // A reset while nothing is being written would otherwise end the process.
    response.on('error', closed)
    this.#out.on('drain', () => {
      this.#stalled?.stop()
      this.#session.drained()
    })
  }

  get connection(): Connection {
    return this
  }

  /** Where the body is written. */
  get #out(): Socket | ServerResponse {
    return this.#socket ?? this.#response
  }

  /** Where it goes straight to the socket, a batch is one chunk, made once for all. */
  encodingOf(): Encoding {
    return this.#socket ? inChunks(this.encoding) : this.encoding
  }

  get backlogBytes(): number {
    return this.#out.writableLength
  }

  get blocked(): boolean {
    return this.#out.writableNeedDrain
  }

  /** Writes the head with the first heartbeat: a quiet channel's reader already has a position. */
  begin({ streams, denied }: Spanned): void {
    const { wheel } = this.#session.hub
    if (this.#response.destroyed) return this.#closed()
    // The server ended it while it was being opened: what was opened since is given back.
    if (this.#ended) return this.#session.close()
    this.shared = streams.length > 1
    this.#heartbeat = new Heartbeat(wheel, this.#heartbeatMs, this)
    this.#out.cork()
    this.#head()
    this.#response.socket?.setNoDelay(true)
    this.#heartbeatBlock(standingOf(streams))
    for (const { channel, code } of denied) this.control({ op: 'denied', channel, code })
    for (const { subscription } of streams) subscription.run()
    this.#out.uncork()
  }

  /** A stream that only says when to come back. */
  refuse(error: FairleadError): void {
    const { hub } = this.#session
    hub.metrics.refusals.add(error.code)
    this.#head()
    const reason = error.code === 'draining' ? 'drain' : error.code === 'unavailable' ? 'unavailable' : 'busy'
    this.end(reason, Math.ceil(error.retryAfterMs ?? 0) + hub.retryMs())
  }

  direct(bytes: number): number {
    const descriptor = this.#ended ? -1 : (this.#descriptor?.open ?? -1)
    if (descriptor >= 0) this.#wrote(bytes)
    return descriptor
  }

  rest(batch: Buffer, taken: number): void {
    this.writtenBytes -= batch.length - taken
    this.write(batch.subarray(taken))
  }

  write(batch: Buffer): void {
    if (this.#ended) return
    this.#wrote(batch.length)
    if (!this.#out.write(batch)) this.#blocked()
  }

  /** Most sockets never ask to wait: what watches one that does is made then. */
  #blocked(): void {
    const { socket } = this.#response
    if (!this.#stalled && socket && this.#heartbeat)
      this.#stalled = new StalledSocket(this.#session.hub.wheel, socket, () => this.end('slow', 1_000))
    this.#stalled?.blocked()
  }

  #wrote(bytes: number): void {
    this.#heartbeat?.wrote()
    this.writtenBytes += bytes
  }

  control(message: ControlMessage): void {
    if (this.#envelope) {
      const id = 'id' in message ? message.id : undefined
      this.#say(encodeSseBlock({ id, data: JSON.stringify(message) }))
    } else {
      this.#say(plainBlocks(message))
    }
  }

  cork(): void {
    this.#out.cork()
  }

  uncork(): void {
    this.#out.uncork()
  }

  end(reason: ByeReason, retryMs: number): void {
    if (this.#ended) return
    this.#session.hub.ended(this.#session, reason)
    // It may be ended while it is being opened: without a stream's head an EventSource would not come back.
    if (!this.#response.headersSent) this.#head()
    if (!this.#envelope) this.#say(encodeSseBlock({ retryMs: Math.min(retryMs, limits.retryMs) }))
    this.control({ op: 'bye', reason, retryMs })
    this.#ended = true
    this.#heartbeat?.stop()
    this.#session.close()
    this.#response.end()
    // `end` waits for ever for a reader that has stopped reading.
    this.#session.hub.wheel.schedule({ due: () => this.#response.destroy() }, farewellMs)
  }

  /** The stream cannot go on without this channel: it ends, and what may still be read comes back with it. */
  lost(): void {
    this.end('revoked', 1_000)
  }

  failed(error: unknown): void {
    this.#session.hub.onError(error, 'log')
    this.end('unavailable', this.#session.hub.retryMs())
  }

  /** Writes blocks that are this reader's alone. */
  #say(blocks: string): void {
    const bytes = Buffer.from(blocks)
    this.#body(this.#gzip ? compressAlone(bytes) : bytes)
  }

  #body(bytes: Buffer): void {
    this.write(this.#socket ? httpChunk(bytes) : bytes)
  }

  #head(): void {
    this.#response.writeHead(200, this.#gzip ? { ...sseHeaders, 'content-encoding': 'gzip' } : sseHeaders)
    // What is written to the socket must not come before the head.
    if (this.#socket) this.#response.flushHeaders()
    if (this.#gzip) this.#body(gzipHead)
  }

  /** The heartbeat's call: nothing was written for long. */
  beat(): void {
    for (const subscription of this.#session.streams) subscription.pump()
    this.#heartbeatBlock(this.#session.standing)
  }

  /** Where the stream stands; that of several logs says it channel by channel. */
  #heartbeatBlock({ id, positions }: Standing): void {
    const retryMs = this.#retryMs
    const everyMs = this.#heartbeatMs
    const block = this.#envelope
      ? { retryMs, id, data: JSON.stringify({ op: 'heartbeat', id, positions, everyMs }) }
      : { retryMs, id, event: '$heartbeat', data: JSON.stringify({ everyMs }) }
    this.#say(encodeSseBlock(block))
  }

  #closed(): void {
    this.#ended = true
    this.#session.hub.connections.delete(this)
    this.#heartbeat?.stop()
    this.#stalled?.stop()
    this.#session.close()
  }
}
