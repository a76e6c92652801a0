import type { Payload } from '../../protocol/index.ts'

/** What an array of bytes takes beside the bytes (measured, rounded up). */
const arrayBytes = 260

/** A copy of a text that shares no memory with a longer one. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/**
 * A copy of a payload that shares no memory with anything else, and the memory it takes, in bytes. Bytes may be a
 * view of a buffer that the caller fills again. A text cut out of a message is, to the engine, a view that keeps the
 * whole message alive: thirteen bytes kept could hold a megabyte, and no bound on memory would be one.
 */
export function ownPayload(payload: Payload): { payload: Payload; bytes: number } {
  if (typeof payload !== 'string') {
    return { payload: new Uint8Array(payload), bytes: payload.byteLength + arrayBytes }
  }
  const encoded = Buffer.from(payload, 'utf8')
  const narrow = encoded.length === payload.length
  return {
    payload: encoded.toString(narrow ? 'latin1' : 'utf8'),
    // The engine keeps two bytes a unit as soon as one character needs them.
    bytes: narrow ? payload.length : 2 * payload.length,
  }
}
