import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { parseSecret } from './secret.ts'

/** Algorithms of a secret that signer and server share. */
export type SecretAlgorithm = 'HS256' | 'HS384' | 'HS512'

/** Algorithms of a key pair, of which the server has the public half alone. */
export type PublicAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

interface AnyKey {
  /** Tokens that name another key are not tried with this one. @default any */
  readonly kid?: string
  /** The `iss` of this key's tokens, in place of the option for all. Needed where two issuers are let in. */
  readonly issuer?: string
}

/** A shared secret. Whoever has it can sign. */
export interface SecretTokenKey extends AnyKey {
  readonly alg: SecretAlgorithm
  /** As many bits as the hash or more; a text's UTF-8 bytes are the key. `openssl rand -base64 32` makes one. */
  readonly secret: string | Uint8Array
}

/** A public key. */
export interface PublicTokenKey extends AnyKey {
  readonly alg: PublicAlgorithm
  /** PEM (`BEGIN PUBLIC KEY`) or JWK. A private key is refused: the server has no need of it. */
  readonly publicKey: string | JsonWebKey
}

/** A provider's published keys (RFC 7517, section 5), which it may change at any time. */
export interface KeySetTokenKey {
  /** Where they are: `https:`, or `http:` on this machine. */
  readonly jwks: string
  /** The algorithms that its tokens may have, whatever the set says. */
  readonly algs: readonly PublicAlgorithm[]
  /** The `iss` of its tokens, in place of the option for all. */
  readonly issuer?: string
}

/** A key whose algorithm is fixed: a token does not choose. */
export type TokenKey = SecretTokenKey | PublicTokenKey | KeySetTokenKey

/** A key that is at hand. */
export interface FixedKey {
  readonly alg: string
  readonly kid: string | undefined
  readonly issuer: string | undefined
  readonly key: KeyObject
}

const hashBits: Readonly<Record<SecretAlgorithm, number>> = { HS256: 256, HS384: 384, HS512: 512 }

/** What a public key has to be for its algorithm: Node's name of its type, and of its curve. */
const forms: Readonly<Record<PublicAlgorithm, readonly [type: string, curve?: string]>> = {
  RS256: ['rsa'],
  RS384: ['rsa'],
  RS512: ['rsa'],
  PS256: ['rsa'],
  PS384: ['rsa'],
  PS512: ['rsa'],
  ES256: ['ec', 'prime256v1'],
  ES384: ['ec', 'secp384r1'],
  ES512: ['ec', 'secp521r1'],
  EdDSA: ['ed25519'],
  Ed25519: ['ed25519'],
}

const rsaBits = 2048

/** Makes a key ready. Throws `TypeError`, without naming any secret, on a key that cannot be or that is weak. */
export function parseFixedKey(one: SecretTokenKey | PublicTokenKey, option: string): FixedKey {
  const { alg, kid, issuer } = one
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw new TypeError(`${option}.kid is a text.`)
  const key = 'secret' in one ? parseSecretKey(one, option) : parsePublicKey(one, option)
  return { alg, kid, issuer, key }
}

function parseSecretKey({ alg, secret }: SecretTokenKey, option: string): KeyObject {
  if (!Object.hasOwn(hashBits, alg))
    throw new TypeError(
      `${option}: a secret goes with alg HS256, HS384 or HS512, and a public key with others.`,
    )
  return createSecretKey(parseSecret(secret, { option: `${option}.secret`, bits: hashBits[alg] }))
}

function parsePublicKey({ alg, publicKey }: PublicTokenKey, option: string): KeyObject {
  assertPublicAlgorithm(alg, option)
  assertPublic(publicKey, option)
  const named = typeof publicKey === 'string' ? undefined : publicKey.alg
  if (named !== undefined && named !== alg)
    throw new TypeError(`${option}: the key itself says alg ${JSON.stringify(named)}, not ${alg}.`)
  const key = readPublicKey(publicKey, option)
  const [type, curve] = forms[alg]
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType !== type || asymmetricKeyDetails?.namedCurve !== curve)
    throw new TypeError(`${option}: ${alg} takes a public key of type ${[type, curve].join(' ').trim()}.`)
  if (type === 'rsa' && !(asymmetricKeyDetails!.modulusLength! >= rsaBits))
    throw new TypeError(`${option}: an RSA key has ${rsaBits} bits or more.`)
  return key
}

function assertPublic(publicKey: string | JsonWebKey, option: string): void {
  const isPrivate =
    typeof publicKey === 'string'
      ? publicKey.includes('PRIVATE KEY')
      : ['d', 'k', 'p'].some((part) => part in publicKey)
  if (isPrivate) throw new TypeError(`${option}.publicKey is a private key: give the server the public half.`)
}

function readPublicKey(publicKey: string | JsonWebKey, option: string): KeyObject {
  try {
    return typeof publicKey === 'string'
      ? createPublicKey(publicKey)
      : createPublicKey({ key: publicKey, format: 'jwk' })
  } catch {
    throw new TypeError(`${option}.publicKey is no public key: give PEM (BEGIN PUBLIC KEY) or a JWK.`)
  }
}

/** Throws `TypeError` on an algorithm that no public key has: `none` and shared secrets above all. */
export function assertPublicAlgorithm(alg: string, option: string): asserts alg is PublicAlgorithm {
  if (Object.hasOwn(forms, alg)) return
  throw new TypeError(`${option}: ${JSON.stringify(alg)} is not one of ${Object.keys(forms).join(', ')}.`)
}
