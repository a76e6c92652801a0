import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'

/** A pair of keys as they come out of a file. */
export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const

/**
 * Makes keys by way of PEM: Node 20 stops for ever when a key that was generated is exported as JWK while the garbage
 * collector takes away what had generated it.
 */
function asPair({ publicKey, privateKey }: { publicKey: string; privateKey: string }): KeyPair {
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

export function makeRsa(modulusLength = 2048): KeyPair {
  return asPair(generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding }))
}

export function makeEc(namedCurve: string): KeyPair {
  return asPair(generateKeyPairSync('ec', { namedCurve, publicKeyEncoding, privateKeyEncoding }))
}

/** Made once a run: an RSA key takes a while. */
export const rsa = makeRsa()
export const otherRsa = makeRsa()
export const ec = makeEc('P-256')
export const ed = asPair(generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding }))
export const secret = randomBytes(32)

/** Seconds since the epoch of the simulated clocks in these tests. */
export const startMs = 1_700_000_000_000
export const start = startMs / 1000

export function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** A token; `exp` an hour from the start unless told. */
export function sign(
  alg: string,
  key: KeyObject | Uint8Array,
  payload: JWTPayload = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ exp: start + 3600, ...payload }).setProtectedHeader({ alg, ...header }).sign(key)
}

/** A part of a token. */
export function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The code and message that something is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`
  }
  return 'accepted'
}

export const invalid = 'invalid_token: The token is not valid.'
export const expired = 'token_expired: The token has expired: get a new one.'
