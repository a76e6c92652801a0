import { isUtf8 } from 'node:buffer'
import { closeCodes, limits } from '../protocol/index.ts'
import { inflateAlone } from './compression.ts'

/** Small pieces may carry a message, but not so many that keeping them costs more than the message. */
const maxFragments = 64

/** A close frame that names no code (RFC 6455, section 7.1.5). */
const noCode = 1005

const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

/** Who is told what a client's frames say. */
export interface FrameTaker {
  /** While this is so, nothing more is told; `go` goes on. */
  readonly held: boolean
  text(text: string): void
  binary(bytes: Buffer): void
  pinged(payload: Buffer): void
  ponged(): void
  /** The client closes, with this payload of its close frame; nothing after it is read. */
  closes(code: number, payload: Buffer): void
  /** What came is nothing that a client may send; nothing after it is read. */
  breaks(code: number, reason: string): void
  /** A message is being inflated: nothing more is told until it is. */
  hold(): void
  release(): void
}

/** What has come of a message in several frames, or of a compressed one. */
interface Message {
  readonly opcode: number
  readonly compressed: boolean
  readonly parts: Buffer[]
  length: number
}

const nothing = Buffer.alloc(0)

/**
 * Reads the frames of one client (RFC 6455, section 5; permessage-deflate without context takeover: RFC 7692). A frame is
 * told when all of it is there. What is kept meanwhile is at most one message with its head, and never more than twice what has
 * come: a length that is only claimed takes no memory.
 */
export class FrameReader {
  readonly #taker: FrameTaker
  readonly #deflates: boolean
  /** What has come and is not read yet lies in here, from `#at` to before `#end`. */
  #bytes: Buffer = nothing
  #at = 0
  #end = 0
  /** The bytes are a copy of ours, which more can be written behind, and not what the socket gave. */
  #own = false
  /** How many bytes the frame at `#at` takes, as far as its head tells. */
  #frameBytes = 0
  #message: Message | undefined
  #over = false

  /** `deflates`: the handshake agreed on compressed messages. */
  constructor(taker: FrameTaker, deflates: boolean) {
    this.#taker = taker
    this.#deflates = deflates
  }

  /** Takes what the socket gave; the reader may change these bytes. */
  take(chunk: Buffer): void {
    if (this.#over) return
    if (this.#at < this.#end) this.#append(chunk)
    else this.#lay(chunk, false)
    this.go()
  }

  /** Reads what is there, as far as it may. */
  go(): void {
    while (!this.#over && !this.#taker.held && this.#frame());
    if (this.#over || this.#at === this.#end) this.#lay(nothing, false)
    else if (!this.#own) this.#append(nothing) // A copy: what the socket gave is larger than what is left of it.
  }

  /** Reads nothing more, and keeps nothing. */
  stop(): void {
    this.#over = true
    this.#message = undefined
    this.#lay(nothing, false)
  }

  #lay(bytes: Buffer, own: boolean, end = bytes.length): void {
    this.#bytes = bytes
    this.#at = 0
    this.#end = end
    this.#own = own
  }

  #append(chunk: Buffer): void {
    const kept = this.#end - this.#at
    const length = kept + chunk.length
    if (this.#own && this.#end + chunk.length <= this.#bytes.length) {
      chunk.copy(this.#bytes, this.#end)
      this.#end += chunk.length
      return
    }
    // Doubled, for a message in many small pieces, but to no more than the frame takes.
    const room = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, this.#frameBytes)))
    this.#bytes.copy(room, 0, this.#at, this.#end)
    chunk.copy(room, kept)
    this.#lay(room, true, length)
  }

  /** Reads one frame. Whether there was a whole one. */
  #frame(): boolean {
    const bytes = this.#bytes
    const at = this.#at
    const have = this.#end - at
    if (have < 2) return this.#lacks(shortHead)
    const first = bytes[at]!
    const second = bytes[at + 1]!
    const wrong = wrongIn(first, second, this.#message !== undefined, this.#deflates)
    if (wrong !== undefined) return this.#fault(closeCodes.protocolError, wrong)
    const opcode = first & 0x0f
    let length = second & 0x7f
    let head = shortHead
    if (length >= 126) {
      head += length === 126 ? 2 : 8
      if (have < head - 4) return this.#lacks(head)
      // As a float the largest lengths are not exact; they are too long by far.
      length =
        length === 126
          ? bytes.readUInt16BE(at + 2)
          : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
    }
    if (opcode < opcodes.close && length + (this.#message?.length ?? 0) > limits.messageBytes)
      return this.#fault(closeCodes.messageTooBig, `a message has at most ${limits.messageBytes} bytes`)
    const from = at + head
    const to = from + length
    if (to > this.#end) return this.#lacks(head + length)
    this.#at = to
    const ascii = unmask(bytes, from, to)
    if (opcode >= opcodes.close) this.#control(opcode, bytes.subarray(from, to))
    else if (first === (whole | opcodes.text) && ascii) this.#taker.text(bytes.toString('latin1', from, to))
    else if (first === (whole | opcode) && opcode !== opcodes.continuation)
      this.#tell(opcode, bytes.subarray(from, to))
    else this.#part(first, bytes.subarray(from, to))
    return true
  }

  #lacks(frameBytes: number): false {
    this.#frameBytes = frameBytes
    return false
  }

  #fault(code: number, reason: string): false {
    this.stop()
    this.#taker.breaks(code, reason)
    return false
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.ping) return this.#taker.pinged(payload)
    if (opcode === opcodes.pong) return this.#taker.ponged()
    const code = payload.length === 0 ? noCode : payload.readUInt16BE(0)
    if (payload.length > 0 && !maySend(code))
      this.#fault(closeCodes.protocolError, 'no client closes with this code')
    else if (!isUtf8(payload.subarray(2))) this.#fault(closeCodes.invalidPayload, 'the reason is not UTF-8')
    else {
      this.stop()
      this.#taker.closes(code, payload)
    }
  }

  /** One frame of a message that has several, or is compressed. */
  #part(first: number, payload: Buffer): void {
    this.#message ??= {
      opcode: first & 0x0f,
      compressed: (first & compressed) !== 0,
      parts: [],
      length: 0,
    }
    const message = this.#message
    if (message.parts.push(Buffer.from(payload)) > maxFragments) {
      this.#fault(closeCodes.policyViolation, `a message has at most ${maxFragments} fragments`)
      return
    }
    message.length += payload.length
    if ((first & whole) === 0) return
    this.#message = undefined
    const bytes = Buffer.concat(message.parts, message.length)
    if (message.compressed) this.#inflate(message.opcode, bytes)
    else this.#tell(message.opcode, bytes)
  }

  #inflate(opcode: number, bytes: Buffer): void {
    this.#taker.hold()
    inflateAlone(bytes, limits.messageBytes, (result) => {
      if (this.#over) return
      if (result === 'too long')
        this.#fault(closeCodes.messageTooBig, `a message has at most ${limits.messageBytes} bytes`)
      else if (result === 'broken') this.#fault(closeCodes.invalidPayload, 'the message cannot be inflated')
      else this.#tell(opcode, result)
      this.#taker.release()
    })
  }

  #tell(opcode: number, bytes: Buffer): void {
    if (opcode === opcodes.binary) this.#taker.binary(bytes)
    else if (isUtf8(bytes)) this.#taker.text(bytes.toString())
    else this.#fault(closeCodes.invalidPayload, 'the text is not UTF-8')
  }
}

/** Bits of a frame's first byte: it ends its message; its message is compressed. */
const whole = 0x80
const compressed = 0x40
const reserved = 0x30
/** Two bytes, and the mask. */
const shortHead = 6

/** What is wrong with a frame, by its first two bytes. */
function wrongIn(first: number, second: number, inMessage: boolean, deflates: boolean): string | undefined {
  const opcode = first & 0x0f
  if ((first & reserved) !== 0) return 'a reserved bit is set'
  if ((first & compressed) !== 0 && !(deflates && (opcode === opcodes.text || opcode === opcodes.binary)))
    return 'this frame cannot be compressed'
  if ((second & 0x80) === 0) return 'a client masks its frames'
  if (opcode < opcodes.close) {
    if (opcode > opcodes.binary) return 'the opcode is unknown'
    return (opcode === opcodes.continuation) === inMessage ? undefined : 'fragments are out of order'
  }
  if (opcode > opcodes.pong) return 'the opcode is unknown'
  const length = second & 0x7f
  if ((first & whole) === 0 || length > 125) return 'a control frame is short and whole'
  return opcode === opcodes.close && length === 1 ? 'half a code' : undefined
}

/** Takes the mask off, which lies before the payload. Whether all of it is ASCII. */
function unmask(bytes: Buffer, from: number, to: number): boolean {
  const a = bytes[from - 4]!
  const b = bytes[from - 3]!
  const c = bytes[from - 2]!
  const d = bytes[from - 1]!
  let all = 0
  let at = from
  for (; at + 3 < to; at += 4) {
    const first = bytes[at]! ^ a
    const second = bytes[at + 1]! ^ b
    const third = bytes[at + 2]! ^ c
    const fourth = bytes[at + 3]! ^ d
    bytes[at] = first
    bytes[at + 1] = second
    bytes[at + 2] = third
    bytes[at + 3] = fourth
    all |= first | second | third | fourth
  }
  for (let i = 0; at < to; at++, i++) {
    bytes[at] = bytes[at]! ^ bytes[from - 4 + i]!
    all |= bytes[at]!
  }
  return all < 0x80
}

/** Whether a code may be in a close frame (RFC 6455, section 7.4, and the registry it opened). */
function maySend(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== noCode && code !== 1006
}
