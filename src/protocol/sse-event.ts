import { encodeBase64, parseBase64 } from './base64.ts'
import type { Payload } from './payload.ts'
import { encodeSseBlock } from './sse-encode.ts'

/** An application's event on a plain SSE stream. */
export interface SseEventFields {
  /** Its position as text; absent on a channel that keeps nothing. */
  id?: string | undefined
  /** `NAME`, or `CHANNEL:NAME` on a stream of several channels. */
  name: string
  payload: Payload
}

const bytesPrefix = 'data:application/octet-stream;base64,'

/**
 * Writes an application's event without an envelope (PROTOCOL.md, section 3): `data:` is the payload; bytes are a
 * `data:` URL. Throws `RangeError` on CR, LF or NUL in `id` or `name`.
 */
export function encodeSseEvent({ id, name, payload }: SseEventFields): string {
  const data = typeof payload === 'string' ? payload : bytesPrefix + encodeBase64(payload)
  return encodeSseBlock({ id, event: name, data })
}

/** The payload that `encodeSseEvent` wrote as `data`; no JSON text starts as a `data:` URL does. */
export function decodeSsePayload(data: string): Payload {
  return data.startsWith(bytesPrefix) ? parseBase64(data.slice(bytesPrefix.length)) : data
}
