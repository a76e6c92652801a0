import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FixedKey } from './token-keys.ts'

const hashes: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])

/**
 * Whether a shared secret may have signed this compact token (RFC 7515, section 5.2): exact for HS256, HS384 and HS512,
 * always `true` for a public key. It is done at once and takes microseconds, so that a forged token costs no more than a
 * good one; what passes is still judged by jose.
 */
export function mayHaveSigned({ alg, key }: FixedKey, token: string): boolean {
  const hash = hashes.get(alg)
  if (hash === undefined) return true
  const end = token.lastIndexOf('.')
  const given = Buffer.from(token.slice(end + 1), 'base64url')
  const right = createHmac(hash, key).update(token.slice(0, end)).digest()
  return given.length === right.length && timingSafeEqual(given, right)
}
