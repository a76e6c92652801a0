import type { Action, Identity } from '../hub/authorise.ts'
import { exceedsBytes, isWellFormed } from '../protocol/index.ts'
import { type GrantClaims, Grants, grantsOf, parseGrants } from './grants.ts'

/** What a verified token says. */
export interface TokenClaims extends GrantClaims {
  /** Who it was made for: `Identity.id`. */
  readonly sub: string | undefined
  /** Holds every permission. */
  readonly admin: boolean
  /** When it ends, in milliseconds since the epoch; 30 s of leeway are not counted. */
  readonly expiresAt: number
  /** When it was made, in milliseconds, if it says so. */
  readonly issuedAt: number | undefined
  /** Every other claim, for the application's rules: `role`, `tenant` and the like. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Who holds a token or a ticket. */
export interface TokenIdentity extends Identity {
  readonly id: string | undefined
  readonly admin: boolean
  /** What the token grants besides the channels' own rules. */
  readonly grants: Grants
  /** When the credentials end, in milliseconds since the epoch. */
  readonly expiresAt: number
  /** The token's other claims. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Claims that this server reads itself (RFC 7519, section 4.1, and its own). */
const own: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'subscribe',
  'send',
  'presence',
  'admin',
])

/** A `sub` scopes idempotency keys and is a member's name: it stays short. In bytes of UTF-8. */
const subBytes = 255

/** The latest moment that a `Date` knows, in seconds: `1e999` is a number in JSON, and would never end. */
const latest = 8.64e12

/**
 * Reads the claims of a token whose signature is right. Throws `TypeError` on claims of the wrong kind: a list that is
 * read half would grant what nobody meant.
 */
export function parseClaims(
  payload: Readonly<Record<string, unknown>>,
  maxAgeMs = Number.POSITIVE_INFINITY,
): TokenClaims {
  const sub = parseSub(Object.hasOwn(payload, 'sub') ? payload.sub : undefined)
  const admin = Object.hasOwn(payload, 'admin') ? payload.admin : false
  if (typeof admin !== 'boolean') throw new TypeError('The claim admin is true or false.')
  const issuedAt = payload.iat === undefined ? undefined : secondsOf(payload.iat) * 1000
  const oldest = (issuedAt ?? Number.POSITIVE_INFINITY) + maxAgeMs
  const expiresAt = Math.min(secondsOf(payload.exp) * 1000, oldest)
  const claims = Object.fromEntries(Object.entries(payload).filter(([name]) => !own.has(name)))
  return { sub, admin, expiresAt, issuedAt, claims, ...parseGrants(payload, sub) }
}

function parseSub(sub: unknown): string | undefined {
  if (sub === undefined) return undefined
  if (typeof sub === 'string' && sub !== '' && isWellFormed(sub) && !exceedsBytes(sub, subBytes)) return sub
  throw new TypeError(`The claim sub is a text of 1 to ${subBytes} bytes.`)
}

function secondsOf(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= latest) return value
  throw new TypeError('A time of a token is in seconds since 1970.')
}

/** Who holds a token with these claims. */
export function identityOf(claims: TokenClaims): TokenIdentity {
  const { sub, admin, expiresAt, issuedAt } = claims
  return { id: sub, admin, expiresAt, issuedAt, claims: claims.claims, grants: new Grants(claims) }
}

/** Whether someone's token allows this by itself; what the channel's own rule says is another question. */
export function permits(who: Identity | null, action: Action, channel: string): boolean {
  return who?.admin === true || grantsOf(who)?.permits(action, channel) === true
}
