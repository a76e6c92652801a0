import { FairleadError } from './errors.ts'
import * as limits from './limits.ts'
import { exceedsBytes, isWellFormed } from './names.ts'

/**
 * What an event carries: a JSON text (a `string`, exactly as it was sent) or bytes. The text is checked, never parsed
 * and written again, so that digits and the order of keys survive.
 */
export type Payload = string | Uint8Array

/**
 * Checks untrusted JSON text and returns it with its line breaks made spaces (a line break outside a string is only
 * white space, and would end an SSE field). Throws `payload_too_large`, `json_too_deep`, `invalid_json`.
 */
export function parseJsonPayload(text: string): string {
  assertBounds(text)
  try {
    JSON.parse(text)
  } catch (cause) {
    throw new FairleadError('invalid_json', 'The payload is not a JSON text.', { cause })
  }
  return carried(text)
}

/** The same for a text that is known to be JSON, as part of one that was parsed. */
export function checkJsonPayload(json: string): string {
  assertBounds(json)
  return carried(json)
}

function assertBounds(text: string): void {
  if (exceedsBytes(text, limits.payloadBytes)) throw tooLarge()
  assertDepth(text)
}

/** The text of a payload as it will be carried. */
function carried(text: string): string {
  if (!isWellFormed(text) || hasLoneEscape(text)) throw halfPair()
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, ' ') : text
}

/** Checks the size of a payload of bytes. Throws `payload_too_large`. */
export function parseBytesPayload(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > limits.payloadBytes) throw tooLarge()
  return bytes
}

/**
 * Turns an application's value into a payload. An `ArrayBuffer` or a view of one is bytes, copied, since the
 * application may go on writing to its own; all else is written as JSON. Throws `payload_too_large`, `json_too_deep`,
 * `invalid_json`.
 */
export function toPayload(value: unknown): Payload {
  if (value instanceof ArrayBuffer) return parseBytesPayload(new Uint8Array(value)).slice()
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    return parseBytesPayload(new Uint8Array(buffer, byteOffset, byteLength)).slice()
  }
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new FairleadError('invalid_json', 'The data cannot be written as JSON.', { cause })
  }
  if (text === undefined) {
    throw new FairleadError(
      'invalid_json',
      'The data is undefined or a function: send null, a value or bytes.',
    )
  }
  assertBounds(text)
  // JSON.stringify writes no line break, and half of a surrogate pair as an escape: there is nothing else to look for.
  if (hasLoneEscape(text)) throw halfPair()
  return text
}

/** The size of a payload in bytes, near enough for limits: UTF-16 units of text count as one. */
export function payloadSize(payload: Payload): number {
  return payload.length
}

function halfPair(): FairleadError {
  return new FairleadError(
    'invalid_json',
    'The payload holds half of a surrogate pair, which is no character.',
  )
}

function tooLarge(): FairleadError {
  return new FairleadError('payload_too_large', `A payload is at most ${limits.payloadBytes} bytes.`)
}

/** Before JSON.parse, so that a hostile text costs one scan and no nested values. */
function assertDepth(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x22) {
      i = skipString(text, i)
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > limits.jsonDepth) {
        throw new FairleadError('json_too_deep', `The payload nests deeper than ${limits.jsonDepth} levels.`)
      }
    } else if (unit === 0x7d || unit === 0x5d) {
      depth--
    }
  }
}

/** The index of the quote that ends the string opened at `open`, or the end of the text. */
export function skipString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1)
  return close === -1 ? text.length : close
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0
  while (text.charCodeAt(index - 1 - slashes) === 0x5c) slashes++
  return slashes % 2 === 1
}

const surrogateEscape = /\\(?:u([0-9a-fA-F]{4})|.)/g

/** Whether an escape for one half of a surrogate pair stands without that for the other; of valid JSON. */
function hasLoneEscape(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false
  let highEnd = -1
  for (const match of text.matchAll(surrogateEscape)) {
    const unit = match[1] === undefined ? 0 : Number.parseInt(match[1], 16)
    const low = unit >= 0xdc00 && unit <= 0xdfff
    if (low ? highEnd !== match.index : highEnd !== -1) return true
    highEnd = unit >= 0xd800 && unit <= 0xdbff ? match.index + match[0].length : -1
  }
  return highEnd !== -1
}
