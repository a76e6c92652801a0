/**
 * Server frames (RFC 6455, section 5.2): never masked, never fragmented, so a frame is the same bytes for every reader
 * and can be written to each socket as it is.
 */

/** One text message. */
export function textFrame(text: string): Buffer {
  return frame(0x1, Buffer.from(text))
}

/** One binary message. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  return frame(0x2, bytes)
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = Buffer.allocUnsafe(2 + extra + length)
  bytes[0] = 0x80 | opcode
  bytes[1] = extra === 0 ? length : extra === 2 ? 126 : 127
  if (extra === 2) bytes.writeUInt16BE(length, 2)
  if (extra === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  bytes.set(payload, 2 + extra)
  return bytes
}
