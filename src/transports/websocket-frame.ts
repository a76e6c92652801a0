/**
 * Server frames (RFC 6455, section 5.2): never masked, never fragmented, so a frame is the same bytes for every reader
 * and can be written to each socket as it is.
 */

/** One text message. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const { bytes, head } = emptyFrame(0x1, length)
  bytes.write(text, head)
  return bytes
}

let lastText = ''
let lastFrame: Buffer = textFrame(lastText)

/** The same for what many readers are told one after the other, as heartbeats are: made once while the text stays the same. */
export function sameFrame(text: string): Buffer {
  if (text !== lastText) {
    lastText = text
    lastFrame = textFrame(text)
  }
  return lastFrame
}

/** One binary message. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  return frame(0x2, bytes)
}

/** Asks whether the client is there. */
export const pingFrame = frame(0x9, Buffer.alloc(0))

/** Answers a ping with its own payload. */
export function pongFrame(payload: Uint8Array): Buffer {
  return frame(0xa, payload)
}

/** Says that the connection closes, and why: the code, and a reason of at most 123 bytes. */
export function closeFrame(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return echoFrame(payload)
}

/** Answers a close frame with its own payload. */
export function echoFrame(payload: Uint8Array): Buffer {
  return frame(0x8, payload)
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const { bytes, head } = emptyFrame(opcode, payload.length)
  bytes.set(payload, head)
  return bytes
}

/** A frame whose payload of so many bytes has yet to be written, after `head` bytes. */
function emptyFrame(opcode: number, length: number): { bytes: Buffer; head: number } {
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = Buffer.allocUnsafe(2 + extra + length)
  bytes[0] = 0x80 | opcode
  bytes[1] = extra === 0 ? length : extra === 2 ? 126 : 127
  if (extra === 2) bytes.writeUInt16BE(length, 2)
  if (extra === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  return { bytes, head: 2 + extra }
}

/** A whole frame with its payload compressed (RFC 7692, section 6), or as it was where that is no shorter. */
export function deflatedFrame(plain: Buffer, compress: (payload: Buffer) => Buffer): Buffer {
  const length = plain[1]!
  const head = length < 126 ? 2 : length === 126 ? 4 : 10
  const payload = compress(plain.subarray(head))
  // The last four bytes are the same for every message: left out (section 7.2.1).
  if (payload.length - 4 >= plain.length - head) return plain
  return frame((plain[0]! & 0x0f) | compressed, payload.subarray(0, -4))
}

/** RSV1: this message is compressed. */
const compressed = 0x40
