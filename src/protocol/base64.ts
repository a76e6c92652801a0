import { FairleadError } from './errors.ts'

const form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Encodes bytes as base64, in Node and in a browser. */
export function encodeBase64(bytes: Uint8Array): string {
  if (typeof Buffer === 'function') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let text = ''
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(text)
}

/** Decodes base64 that is known to be some: what else it may throw is the runtime's own. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0))
}

/** Decodes base64 from untrusted text. Throws `bad_message` on anything that is not the standard alphabet, padded. */
export function parseBase64(text: string): Uint8Array {
  if (!form.test(text))
    throw new FairleadError('bad_message', 'The bytes are not standard base64 with padding.')
  return decodeBase64(text)
}
