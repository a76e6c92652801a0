/** The longest token, in bytes: what is longer is refused before it is parsed. */
const tokenBytes = 8 * 1024

/** What is looked at of a token's header before its signature: only to choose the key. */
export interface TokenHeader {
  readonly alg: string
  readonly kid: string | undefined
}

/** A signed token in compact form (RFC 7515, section 7.1): three parts, none of them empty. */
const compact = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** What names a key of the sender's own choice or changes how a token is read (RFC 7515, section 4.1; RFC 7797). */
const refused = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'] as const

/** Kinds of token that say who someone is; others, signed with the same key, are made for something else. */
const kinds: readonly unknown[] = [undefined, 'jwt', 'at+jwt', 'application/jwt', 'application/at+jwt']

const kidLength = 256

/**
 * Reads a token's header, or returns `undefined` for anything that is no token for us. Nothing of it is believed: the
 * algorithm and the key stand in the configuration, and the header has to name them.
 */
export function parseTokenHeader(token: string): TokenHeader | undefined {
  if (token.length > tokenBytes) return undefined
  const encoded = compact.exec(token)?.[1]
  const header = encoded === undefined ? undefined : parseObject(encoded)
  if (header === undefined || refused.some((name) => Object.hasOwn(header, name))) return undefined
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > kidLength)) return undefined
  return kinds.includes(typeof typ === 'string' ? typ.toLowerCase() : typ) ? { alg, kid } : undefined
}

function parseObject(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
