import type { Payload } from '../../protocol/index.ts'

/** What an array of bytes takes beside the bytes (measured, rounded up). */
const arrayBytes = 260

/** What most payloads pass through: an array of bytes for each would cost more than the copy. */
const scratch = Buffer.allocUnsafeSlow(16 * 1024)

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
  // A unit is three bytes at most.
  const room = 3 * payload.length <= scratch.length ? scratch : Buffer.allocUnsafe(3 * payload.length)
  const length = room.write(payload)
  const narrow = length === payload.length
  return {
    payload: room.toString(narrow ? 'latin1' : 'utf8', 0, length),
    // The engine keeps two bytes a unit as soon as one character needs them.
    bytes: narrow ? payload.length : 2 * payload.length,
  }
}
