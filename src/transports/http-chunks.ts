import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Encoding } from '../hub/connection.ts'

/** One chunk of a body that is sent in chunks (RFC 9112, section 7.1); nothing of nothing, for an empty one is the last. */
export function httpChunk(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes
  const head = `${bytes.length.toString(16)}\r\n`
  const chunk = Buffer.allocUnsafe(head.length + bytes.length + 2)
  chunk.write(head, 'latin1')
  chunk.set(bytes, head.length)
  chunk.write('\r\n', chunk.length - 2, 'latin1')
  return chunk
}

const chunked = new WeakMap<Encoding, Encoding>()

/** The encoding whose batches are one chunk each: made once for all readers, where `response.write` would make it for each. */
export function inChunks(of: Encoding): Encoding {
  let encoding = chunked.get(of)
  if (!encoding) {
    encoding = { name: `${of.name}+chunked`, encode: of.encode, of, pack: httpChunk }
    chunked.set(of, encoding)
  }
  return encoding
}

/**
 * The socket below a response, when chunks may be written to it as they are: it is this response's turn on the connection,
 * its body will be in chunks, and nothing that the application put in between (a compressor, a recorder) wants to see it.
 */
export function socketOf(response: ServerResponse): Socket | undefined {
  const { socket } = response
  const own =
    response.write === ServerResponse.prototype.write && response.end === ServerResponse.prototype.end
  const inChunks = response.useChunkedEncodingByDefault && !response.hasHeader('transfer-encoding')
  return socket instanceof Socket && own && inChunks && !response.headersSent ? socket : undefined
}
