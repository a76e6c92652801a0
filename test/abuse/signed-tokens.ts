import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  randomBytes,
  sign,
} from 'node:crypto'

/**
 * Tokens for the victim that has keys, and tokens that only look like it. The keys are made once a run, and handed to
 * the victim's process in its environment.
 */

/** What the victim is given, and what signs for it. */
export interface AbuseKeys {
  /** Of HS256, called `shared`; base64. */
  readonly secret: string
  /** Of RS256, called `pair`; PEM. */
  readonly publicKey: string
  readonly privateKey: string
  /** Two providers' ES256 keys, of one name. */
  readonly providers: readonly {
    readonly issuer: string
    readonly jwk: JsonWebKey
    readonly privateKey: string
  }[]
}

/** The variable that they are handed over in. */
export const keysVariable = 'FAIRLEAD_ABUSE_KEYS'
/** What the victim's tokens have to say. */
export const issuer = 'https://login.example.com'
export const audience = 'live'

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const

/** The keys of this run. */
export const keys: AbuseKeys = given() ?? make()

function given(): AbuseKeys | undefined {
  const text = process.env[keysVariable]
  return text === undefined ? undefined : (JSON.parse(text) as AbuseKeys)
}

function make(): AbuseKeys {
  return {
    secret: randomBytes(32).toString('base64'),
    ...generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding }),
    providers: ['https://one.example.com', 'https://two.example.com'].map((issuer) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding })
      const jwk = createPublicKey(pair.publicKey).export({ format: 'jwk' })
      return { issuer, jwk: { ...jwk, kid: 'key', alg: 'ES256', use: 'sig' }, privateKey: pair.privateKey }
    }),
  }
}

/** Part of a token. */
function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** So many seconds from now, as a token says it. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

const good = () => ({ sub: 'ann', iss: issuer, aud: audience, exp: inSeconds(600) })

function hmac(text: string, key: string | Uint8Array): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

function signed(header: object, claims: object, signature: (text: string) => string): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${signature(text)}`
}

const shared = Buffer.from(keys.secret, 'base64')

/** A good token; claims besides or in place of the usual ones. */
export function tokenOf(claims: object = {}, header: object = {}): string {
  return signed({ alg: 'HS256', kid: 'shared', ...header }, { ...good(), ...claims }, (text) =>
    hmac(text, shared),
  )
}

/** A token that ended so many seconds ago; 30 of them are leeway. */
export function endedToken(secondsAgo = 31): string {
  return tokenOf({ exp: inSeconds(-secondsAgo) })
}

/** A token of one of the providers, which says that it is `by` another perhaps. */
export function providedToken(provider: number, by = provider, kid = 'key'): string {
  const claims = { ...good(), iss: keys.providers[by]!.issuer }
  return signed({ alg: 'ES256', kid }, claims, (text) =>
    sign('sha256', Buffer.from(text), {
      key: keys.providers[provider]!.privateKey,
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url'),
  )
}

const rs256 = (text: string) => sign('sha256', Buffer.from(text), keys.privateKey).toString('base64url')
const evil = 'http://keys.evil.test/keys.json'

/** Tokens that nobody with a key has made for this server, by name. */
export const forgedTokens: Readonly<Record<string, () => string>> = {
  'alg-none': () => `${part({ alg: 'none' })}.${part(good())}.`,
  'alg-none-signed': () => tokenOf({}, { alg: 'none' }),
  'alg-None': () => tokenOf({}, { alg: 'None' }),
  'alg-missing': () => tokenOf({}, { alg: undefined }),
  'alg-lower-case': () => tokenOf({}, { alg: 'hs256' }),
  'alg-other-hash': () => tokenOf({}, { alg: 'HS512' }),
  'hmac-with-the-public-key': () =>
    signed({ alg: 'HS256', kid: 'pair' }, good(), (text) => hmac(text, keys.publicKey)),
  'hmac-with-the-public-key-trimmed': () =>
    signed({ alg: 'HS256' }, good(), (text) => hmac(text, keys.publicKey.trim())),
  'hmac-by-the-shared-name': () =>
    signed({ alg: 'HS256', kid: 'shared' }, good(), (text) => hmac(text, keys.publicKey)),
  'hmac-that-says-RS256': () => tokenOf({}, { alg: 'RS256', kid: 'pair' }),
  'hmac-of-nothing': () => signed({ alg: 'HS256' }, good(), (text) => hmac(text, '')),
  'rsa-that-says-PS256': () => signed({ alg: 'PS256', kid: 'pair' }, good(), rs256),
  'unknown-kid': () => tokenOf({}, { kid: 'other' }),
  'kid-is-a-url': () => tokenOf({}, { kid: evil }),
  'kid-is-a-path': () =>
    signed({ alg: 'HS256', kid: '../../../../dev/null' }, good(), (text) => hmac(text, '')),
  'kid-of-the-other-key': () => tokenOf({}, { kid: 'pair' }),
  'with-jwk': () => tokenOf({}, { jwk: { kty: 'oct', k: keys.secret } }),
  'with-jku': () => tokenOf({}, { jku: evil }),
  'with-x5u': () => tokenOf({}, { x5u: evil }),
  'with-x5c': () => tokenOf({}, { x5c: ['AA=='] }),
  'with-crit': () => tokenOf({}, { crit: ['exp'] }),
  'with-b64': () => tokenOf({}, { b64: false }),
  'with-zip': () => tokenOf({}, { zip: 'DEF' }),
  'signed-by-a-jku': () => signed({ alg: 'RS256', jku: evil }, good(), (text) => hmac(text, 'x')),
  'typ-of-another-kind': () => tokenOf({}, { typ: 'logout+jwt' }),
  'typ-is-a-number': () => tokenOf({}, { typ: 1 }),
  'wrong-audience': () => tokenOf({ aud: 'billing' }),
  'no-audience': () => tokenOf({ aud: undefined }),
  'wrong-issuer': () => tokenOf({ iss: 'https://login.example.com.evil.test' }),
  'no-issuer': () => tokenOf({ iss: undefined }),
  'issuer-is-a-url-to-ask': () => tokenOf({ iss: evil }),
  'no-end': () => tokenOf({ exp: undefined }),
  'not-begun': () => tokenOf({ nbf: inSeconds(60) }),
  'another-payload': () => tokenOf().replace(/\.[^.]+\./, `.${part({ ...good(), admin: true })}.`),
  'no-signature': () => tokenOf().replace(/\.[^.]+$/, '.'),
  'cut-signature': () => tokenOf().slice(0, -1),
  'two-parts': () => tokenOf().replace(/\.[^.]+$/, ''),
  'too-long': () => tokenOf({ pad: 'x'.repeat(8192) }),
  words: () => 'let-me-in',
}

/** A ticket's key: made of the same secret, so that the victim needs no other. */
export const ticketKey = createHash('sha256').update(`ticket ${keys.secret}`).digest('base64')
