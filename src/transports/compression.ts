import { constants, deflateRawSync, inflateRaw } from 'node:zlib'
import type { ChannelDeclaration } from '../hub/channels.ts'
import type { Encoding } from '../hub/connection.ts'
import type { DeclaredChannels } from '../hub/declared.ts'
import { sseEnvelope, ssePlain, sseSeveral, websocketJson } from './encodings.ts'
import { deflatedFrame } from './websocket-frame.ts'

/** The head of a gzip file (RFC 1952, section 2.3): no name, no time, deflated by who knows which system. */
export const gzipHead = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/**
 * Compresses on its own, and ends at a byte (RFC 1951, section 3.2.4: an empty stored block). What was compressed so can
 * stand behind anything else that was: one block is shared by all readers, and none keeps a compressor or its window.
 * Synchronous: once a batch, for some microseconds; a worker thread's round trip would cost more.
 */
export function compressAlone(bytes: Buffer): Buffer {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
}

/** What is left out at the end of a compressed message (RFC 7692, section 7.2.2). */
const inflateTail = Buffer.from([0, 0, 0xff, 0xff])

/**
 * Inflates a message that was compressed alone, on a thread of its own: a few bytes can take milliseconds. Nothing is made
 * beyond `maxBytes`.
 */
export function inflateAlone(
  bytes: Buffer,
  maxBytes: number,
  done: (result: Buffer | 'too long' | 'broken') => void,
): void {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxBytes }
  inflateRaw(Buffer.concat([bytes, inflateTail]), options, (error, plain) => {
    if (!error) done(plain)
    else done((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too long' : 'broken')
  })
}

/** The encoding whose batches are compressed as one, once for all readers. */
function gzipOf(of: Encoding): Encoding {
  return { name: `${of.name}+gzip`, encode: of.encode, of, pack: compressAlone }
}

const gzipped: ReadonlyMap<Encoding, Encoding> = new Map(
  [ssePlain, sseSeveral, sseEnvelope].map((encoding) => [encoding, gzipOf(encoding)]),
)

/** The same stream with `content-encoding: gzip`. */
export function gzipEncoding(encoding: Encoding): Encoding {
  return gzipped.get(encoding)!
}

/** A message compressed alone (permessage-deflate without context takeover: RFC 7692, section 7.1.1), where that is shorter. */
export const websocketDeflate: Encoding = {
  name: 'websocket+deflate',
  encode: (event, epoch) => deflatedFrame(websocketJson.encode(event, epoch), compressAlone),
}

/** Whether all of these channels say that they may be compressed. */
export function mayCompress(declared: DeclaredChannels, channels: readonly string[]): boolean {
  return channels.every((channel) => isCompressed(declared.find(channel).declaration))
}

function isCompressed(declaration: ChannelDeclaration | undefined): boolean {
  return declaration?.compress === true
}

/** Whether a request takes gzip (RFC 9110, section 12.5.3). */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  return (acceptEncoding ?? '').split(',').some((one) => {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase())
    return (name === 'gzip' || name === 'x-gzip') && !parameters.some((part) => /^q=0(\.0*)?$/.test(part))
  })
}
