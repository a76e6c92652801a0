/**
 * Bytes on a WebSocket (PROTOCOL.md, section 5): a binary message of a 4-byte big-endian header length, the envelope
 * without `data`, then the bytes themselves, so that they travel without base64.
 */

import { FairleadError } from './errors.ts'
import * as limits from './limits.ts'

/** Joins an envelope and its bytes into one binary message. Throws `bad_message` on an envelope past the limit. */
export function encodeBinaryMessage(envelope: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(envelope)
  if (header.length > limits.binaryHeaderBytes) throw bad()
  const message = new Uint8Array(4 + header.length + bytes.length)
  new DataView(message.buffer).setUint32(0, header.length)
  message.set(header, 4)
  message.set(bytes, 4 + header.length)
  return message
}

/** Splits an untrusted binary message. Throws `bad_message` when the header is not inside it, or not UTF-8. */
export function decodeBinaryMessage(message: Uint8Array): { envelope: string; bytes: Uint8Array } {
  try {
    const length = new DataView(message.buffer, message.byteOffset, message.length).getUint32(0)
    const header = message.subarray(4, 4 + length)
    if (length > limits.binaryHeaderBytes || header.length < length) throw bad()
    // Made here, not once for all: some runtimes that load this module have none.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { envelope: decoder.decode(header), bytes: message.subarray(4 + length) }
  } catch (cause) {
    throw bad(cause)
  }
}

function bad(cause?: unknown): FairleadError {
  return new FairleadError('bad_message', 'A binary message is a length, a header in UTF-8, and bytes.', {
    cause,
  })
}
