import type { Socket } from 'node:net'
import type { Clock } from '../hub/clock.ts'
import { FrameReader, type FrameTaker } from './frame-reader.ts'
import { closeFrame, echoFrame, pingFrame, pongFrame } from './websocket-frame.ts'

/** How long a socket has to take the last frames, and to close, before it is destroyed. */
const farewellMs = 1_000
/** The code of a socket that ended without a close frame (RFC 6455, section 7.1.5). */
const abnormal = 1006

/** Who is told what a client says on its WebSocket. */
export interface WebSocketOwner {
  text(text: string): void
  binary(bytes: Buffer): void
  /** The client sent a ping, which has been answered. */
  pinged(): void
  ponged(): void
  /** The socket takes more. */
  drained(): void
  /** It is over, once: with the code of the client's close frame, or 1006. */
  closed(code: number): void
}

const owner = Symbol('the WebSocket of this socket')

interface OwnedSocket extends Socket {
  [owner]?: ServerWebSocket
}

/**
 * A server's end of one WebSocket after its handshake: reads frames, answers pings, opens and answers the closing handshake
 * (RFC 6455, section 7). Events and messages are written past it, to the socket, as frames that are made once for all.
 */
export class ServerWebSocket implements FrameTaker {
  /** Messages may be compressed, both ways. */
  readonly deflates: boolean
  readonly #socket: OwnedSocket
  readonly #owner: WebSocketOwner
  readonly #clock: Clock
  /** Made when first something comes: many a client only listens. */
  #reader: FrameReader | undefined
  #holds = 0
  #closing = false
  #over = false

  /** `head` is what came behind the handshake's request. */
  constructor(socket: Socket, head: Buffer, deflates: boolean, clock: Clock, owned: WebSocketOwner) {
    this.deflates = deflates
    this.#socket = socket
    this.#owner = owned
    this.#clock = clock
    this.#socket[owner] = this
    socket.setTimeout(0)
    socket.setNoDelay()
    if (head.length > 0) socket.unshift(head)
    // Functions that all sockets share: ten thousand of them would be memory.
    socket.on('data', onData).on('drain', onDrain).on('end', onEnd).on('close', onClose).on('error', ignore)
  }

  /** Nobody has begun to close it. */
  get open(): boolean {
    return !this.#closing && !this.#over
  }

  /** Nothing is read now: the client cannot be heard. */
  get held(): boolean {
    return this.#holds > 0
  }

  /** Reads nothing more until `release`, as often as it was called. */
  hold(): void {
    if (this.#holds++ === 0) this.#socket.pause()
  }

  release(): void {
    if (--this.#holds > 0) return
    this.#reader?.go()
    if (!this.held) this.#socket.resume()
  }

  ping(): void {
    if (this.open) this.#socket.write(pingFrame)
  }

  /** Says that it closes, and why; what the socket does not take, or answer, within a second is not waited for. */
  close(code: number, reason: string): void {
    if (this.open) this.#farewell(closeFrame(code, reason))
  }

  terminate(): void {
    this.#socket.destroy()
  }

  text(text: string): void {
    if (this.open) this.#owner.text(text)
  }

  binary(bytes: Buffer): void {
    if (this.open) this.#owner.binary(bytes)
  }

  pinged(payload: Buffer): void {
    if (!this.open) return
    this.#socket.write(pongFrame(payload))
    this.#owner.pinged()
  }

  ponged(): void {
    if (this.open) this.#owner.ponged()
  }

  closes(code: number, payload: Buffer): void {
    if (this.open) this.#farewell(echoFrame(payload))
    this.#leave(code)
  }

  breaks(code: number, reason: string): void {
    this.close(code, reason)
    this.#end(abnormal)
  }

  /** The socket gave something. */
  read(chunk: Buffer): void {
    this.#reader ??= new FrameReader(this, this.deflates)
    this.#reader.take(chunk)
  }

  /** The socket takes more. */
  drained(): void {
    this.#owner.drained()
  }

  /** The client sends no more. Its other half stays open by itself, but nobody is written to who has gone. */
  halfClosed(): void {
    // With nothing on its way there is nothing to wait for.
    if (this.#socket.writableLength === 0) return this.terminate()
    if (this.open) this.#farewell()
    this.#leave(abnormal)
  }

  /** The socket is gone. */
  gone(): void {
    this.#reader?.stop()
    this.#end(abnormal)
  }

  #leave(code: number): void {
    this.#socket.end()
    this.#end(code)
  }

  #farewell(last?: Buffer): void {
    this.#closing = true
    if (last) this.#socket.write(last)
    const cancel = this.#clock.after(farewellMs, () => this.terminate())
    this.#socket.once('close', cancel)
  }

  #end(code: number): void {
    if (this.#over) return
    this.#over = true
    this.#owner.closed(code)
  }
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.read(chunk)
}

function onDrain(this: OwnedSocket): void {
  this[owner]?.drained()
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.halfClosed()
}

function onClose(this: OwnedSocket): void {
  this[owner]?.gone()
}

/** A close follows, and it is what counts. */
function ignore(): void {}
