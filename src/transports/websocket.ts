import type { Socket } from 'node:net'
import type { Connection, Encoding } from '../hub/connection.ts'
import type { Session } from '../hub/session.ts'
import type { Standing } from '../hub/standing.ts'
import type { StartRequest } from '../hub/start.ts'
import type { StreamOwner } from '../hub/stream.ts'
import type { Subscription } from '../hub/subscription.ts'
import { Deadline, type WheelEntry } from '../hub/timer-wheel.ts'
import { type ByeReason, type ControlMessage, closeCodes, limits, type OkMessage } from '../protocol/index.ts'
import { mayCompress, websocketDeflate } from './compression.ts'
import { ControlFrames } from './control-frames.ts'
import { Descriptor } from './descriptor.ts'
import { websocketJson } from './encodings.ts'
import { Heartbeat } from './heartbeat.ts'
import { ServerWebSocket, type WebSocketOwner } from './server-websocket.ts'
import { StalledSocket } from './stalled-socket.ts'
import { okText } from './websocket-answer.ts'
import { sameFrame, textFrame } from './websocket-frame.ts'
import type { WebSocketOptions } from './websocket-options.ts'
import { WebSocketReader } from './websocket-reader.ts'

/** A socket that does not say who is asking, and follows nothing, is closed after this long. */
const authMs = 10_000

const closeCodeOf: Readonly<Record<ByeReason, number>> = {
  drain: closeCodes.drain,
  busy: closeCodes.unavailable,
  unavailable: closeCodes.unavailable,
  auth_expired: closeCodes.auth_expired,
  revoked: closeCodes.revoked,
  slow: closeCodes.slow,
}

/** A socket on which hands were shaken. */
export interface OpenedSocket {
  readonly socket: Socket
  /** What came behind the handshake's request. */
  readonly head: Buffer
  /** Messages may be compressed, both ways. */
  readonly deflates: boolean
}

/**
 * One WebSocket, both ways: what a client asks for on it, and what is written to it: whole frames, made once and shared, straight
 * to the socket. Long because the socket's end, whoever begins it, stops all that was begun for it.
 */
export class WebSocketStream extends Deadline implements Connection, StreamOwner, WebSocketOwner {
  readonly encoding = websocketJson
  readonly session: Session
  readonly options: WebSocketOptions
  readonly #ws: ServerWebSocket
  readonly #reader: WebSocketReader
  readonly #socket: Socket
  readonly #descriptor: Descriptor
  readonly #heartbeat: Heartbeat
  /** Made when the socket first asks to wait. */
  #stalled: StalledSocket | undefined
  #stranger: WheelEntry | undefined
  #unanswered = 0
  #controlFrames: ControlFrames | undefined
  #ended = false
  /** Several channels share the connection. */
  shared = false
  #gathering = false
  writtenBytes = 0

  constructor(session: Session, opened: OpenedSocket, options: WebSocketOptions) {
    super()
    const { wheel } = session.hub
    const { heartbeatMs, pingMs } = options.server
    this.session = session
    this.options = options
    const { socket, head, deflates } = opened
    this.#socket = socket
    this.#ws = new ServerWebSocket(socket, head, deflates, session.hub.clock, this)
    this.#descriptor = new Descriptor(socket)
    this.#heartbeat = new Heartbeat(wheel, heartbeatMs, this)
    wheel.schedule(this, pingMs)
    if (session.who === null) {
      this.#stranger = { due: () => this.#dismiss() }
      wheel.schedule(this.#stranger, authMs)
    }
    session.hub.connections.add(this)
    session.hold(this)
    this.#reader = new WebSocketReader(this, this.#ws)
    this.#reader.begin()
  }

  get connection(): Connection {
    return this
  }

  /** Only where the handshake agreed on it, and for channels that say so: each message is compressed by itself. */
  encodingOf(channels: readonly string[]): Encoding {
    const deflates = this.#ws.deflates && mayCompress(this.session.hub.declared, channels)
    return deflates ? websocketDeflate : this.encoding
  }

  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  get blocked(): boolean {
    return this.#socket.writableNeedDrain
  }

  /** How many channels are followed. */
  get following(): number {
    return this.session.streams.length
  }

  /** Whether a channel is followed. */
  follows(channel: string): boolean {
    return this.#subscriptionOf(channel) !== undefined
  }

  /** Each channel of a WebSocket has a subscription of its own, and there are few of them. */
  #subscriptionOf(channel: string): Subscription | undefined {
    return this.session.streams.find(({ topic }) => topic.channels[0] === channel)
  }

  /** Begins to follow a channel; nothing of it is written before the answer's `run`. */
  async subscribe(
    channel: string,
    start: StartRequest,
    client?: string,
  ): Promise<{ position: string; run(): void }> {
    const options = { ...start, client: client ?? this.options.client }
    const { subscription, position } = await this.session.subscribe([channel], options, this)
    if (this.#ended) {
      this.session.unsubscribe(subscription)
      return { position, run: () => {} }
    }
    this.#admitted()
    this.shared = this.following > 1
    return { position, run: () => subscription.run() }
  }

  /** Follows a channel no more: nothing of it is written after this. */
  unsubscribe(channel: string): void {
    const subscription = this.#subscriptionOf(channel)
    if (!subscription) return
    this.session.unsubscribe(subscription)
    this.shared = this.following > 1
  }

  direct(bytes: number): number {
    const descriptor = this.#ended ? -1 : this.#descriptor.open
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
    if (!this.#socket.write(batch)) this.#blocked()
  }

  #wrote(bytes: number): void {
    this.#heartbeat.wrote()
    this.writtenBytes += bytes
  }

  /** Writes one JSON text as a message. */
  say(text: string): void {
    this.write(textFrame(text))
  }

  control(message: ControlMessage): void {
    this.say(JSON.stringify(message))
  }

  /** Answers a message that carried `ref`; `data` is the raw text of a handler's answer. */
  ok(answer: Omit<OkMessage, 'op' | 'data'>, data?: string): void {
    this.#gather()
    this.say(okText(answer, data))
  }

  /** Answers of one turn go out in one write, with what else is written in it: in order, before anything is read. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#socket.cork()
    process.nextTick(() => {
      this.#gathering = false
      this.#socket.uncork()
    })
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  end(reason: ByeReason, retryMs: number): void {
    if (this.#ended) return
    this.session.hub.ended(this.session, reason)
    this.control({ op: 'bye', reason, retryMs: Math.min(retryMs, limits.retryMs) })
    this.close(closeCodeOf[reason], reason)
  }

  /** Closes with a code; what the socket does not take within a second is not waited for. */
  close(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#ws.close(code, reason)
    this.#forget(false)
  }

  lost(channel: string): void {
    this.control({ op: 'denied', channel, code: 'forbidden' })
    this.unsubscribe(channel)
    if (this.options.channel !== undefined) this.close(closeCodes.revoked, 'revoked')
  }

  failed(error: unknown): void {
    this.session.hub.onError(error, 'log')
    this.end('unavailable', this.session.hub.retryMs())
  }

  /** Says that the socket is alive, and where it stands. */
  heartbeat(standing: Standing): void {
    const text = JSON.stringify({ op: 'heartbeat', ...standing, everyMs: this.options.server.heartbeatMs })
    this.write(sameFrame(text))
  }

  /** The heartbeat's call: nothing was written for long. */
  beat(): void {
    for (const subscription of this.session.streams) subscription.pump()
    this.heartbeat(this.session.standing)
  }

  /** The wheel's call: it is time for a ping. */
  due(): void {
    // A socket that we have stopped reading cannot show its pongs.
    if (this.#unanswered >= 2 && !this.#ws.held) return this.#ws.terminate()
    this.#unanswered++
    this.#ws.ping()
    this.session.hub.wheel.schedule(this, this.options.server.pingMs)
  }

  text(text: string): void {
    this.#reader.text(text)
  }

  binary(bytes: Buffer): void {
    this.#reader.binary(bytes)
  }

  /** The client answered a ping, or sent a pong unasked. */
  ponged(): void {
    if (this.#unanswered === 0) this.pinged()
    this.#unanswered = 0
    this.session.alive()
  }

  /** The client sent a ping, or a pong unasked. */
  pinged(): void {
    this.#controlFrames ??= new ControlFrames(this.session.hub.clock)
    if (this.#controlFrames.tooMany()) this.close(closeCodes.unavailable, 'rate_limited')
  }

  #dismiss(): void {
    if (this.session.who === null) this.close(closeCodes.auth_timeout, 'auth_timeout')
  }

  /** It follows something: nobody asks any more who it is. */
  #admitted(): void {
    if (this.#stranger) this.session.hub.wheel.cancel(this.#stranger)
    this.#stranger = undefined
  }

  #blocked(): void {
    this.#stalled ??= new StalledSocket(this.session.hub.wheel, this.#socket, () => this.end('slow', 1_000))
    this.#stalled.blocked()
  }

  drained(): void {
    this.#stalled?.stop()
    this.session.drained()
  }

  /** The socket is closed. */
  closed(code: number): void {
    this.#reader.stop()
    const goodbye = code === closeCodes.normal || code === closeCodes.goingAway
    this.#ended = true
    this.session.hub.connections.delete(this)
    this.#forget(goodbye)
  }

  #forget(goodbye: boolean): void {
    const { wheel } = this.session.hub
    this.#heartbeat.stop()
    this.#stalled?.stop()
    wheel.cancel(this)
    this.#admitted()
    this.session.close(goodbye)
  }
}
