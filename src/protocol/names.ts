import { FairleadError } from './errors.ts'
import * as limits from './limits.ts'

const segment = /^[A-Za-z0-9.~-][A-Za-z0-9._~-]*$/
const channelForm = /^[A-Za-z0-9.~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9.~-][A-Za-z0-9._~-]*)*$/
/** A segment that is `.` or `..`: paths would take it for a way up. */
const dots = /(?:^|\/)\.\.?(?:\/|$)/
const clientForm = /^[A-Za-z0-9_-]{8,64}$/
const keyForm = /^[A-Za-z0-9_-]{1,64}$/
const loneSurrogate = /\p{Cs}/u

/** Whether `text` is longer than `limit` bytes of UTF-8; only measured when it could be. */
export function exceedsBytes(text: string, limit: number): boolean {
  return text.length > limit || (text.length * 3 > limit && new TextEncoder().encode(text).length > limit)
}

/** Whether the text has no half of a surrogate pair standing alone. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text)
}

/** Whether `name` is a channel's name: segments joined by `/`, none starting with `_`, which is Fairlead's own. */
export function isChannelName(name: string): boolean {
  return name.length <= limits.channelBytes && channelForm.test(name) && !dots.test(name)
}

/** Whether `part` may stand between two `/` of a channel's name. */
export function isChannelSegment(part: string): boolean {
  return segment.test(part) && !dots.test(part)
}

/** Returns `name`, or throws `invalid_channel`. */
export function parseChannelName(name: string): string {
  if (isChannelName(name)) return name
  throw new FairleadError(
    'invalid_channel',
    'A channel name is 1 to 255 of A-Z a-z 0-9 . _ ~ - in segments joined by /, none of them empty, . or .., none starting with _.',
  )
}

/**
 * Returns `name`, or throws `invalid_event_name`. A name is refused, never cleaned: a CR or LF in it would write a
 * field of its own into an SSE stream; `open` and `error` would run an EventSource's `onopen` and `onerror`.
 */
export function parseEventName(name: string): string {
  const bad =
    name === '' ||
    name === 'open' ||
    name === 'error' ||
    name.startsWith('$') ||
    /[\r\n\0]/.test(name) ||
    exceedsBytes(name, limits.eventNameBytes) ||
    !isWellFormed(name)
  if (!bad) return name
  throw new FairleadError(
    'invalid_event_name',
    'An event name is 1 to 128 bytes of text without line breaks or NUL; it is not open or error and does not start with $.',
  )
}

/** Returns a client's id for presence, or throws `invalid_client`. */
export function parseClientId(id: string): string {
  if (clientForm.test(id)) return id
  throw new FairleadError('invalid_client', 'A client id is 8 to 64 of A-Z a-z 0-9 _ -.')
}

/** Returns an idempotency key, or throws `invalid_key`. */
export function parseKey(key: string): string {
  if (keyForm.test(key)) return key
  throw new FairleadError('invalid_key', 'An idempotency key is 1 to 64 of A-Z a-z 0-9 _ -.')
}

/** Returns a tag, or throws `invalid_tag`. */
export function parseTag(tag: string): string {
  if (tag !== '' && !exceedsBytes(tag, limits.tagBytes) && isWellFormed(tag) && !/[\r\n\0]/.test(tag))
    return tag
  throw new FairleadError('invalid_tag', 'A tag is 1 to 64 bytes of text without line breaks or NUL.')
}
