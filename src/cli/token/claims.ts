import { parseClaims } from '../../access/token-claims.ts'
import { type Arguments, listFlag, textFlag } from '../command.ts'
import { UsageError } from '../errors.ts'

/** What a token is to say, in the names of RFC 7519 and Fairlead's own. Times are in seconds. */
export interface PlannedClaims {
  readonly sub?: string
  readonly iss?: string
  readonly aud?: string
  readonly iat: number
  readonly exp: number
  readonly subscribe?: readonly string[]
  readonly send?: readonly string[]
  readonly presence?: readonly string[]
  readonly admin?: boolean
  readonly [claim: string]: unknown
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
/** The longest life of a token made by hand, in seconds. */
const longest = 30 * 86_400

/** What `--claim` may not set: it has a flag of its own, or is worked out. */
const own = ['sub', 'iss', 'aud', 'iat', 'nbf', 'exp', 'jti', 'subscribe', 'send', 'presence', 'admin']

/** Reads what a token is to say from the flags of `fairlead token`; `now` is in milliseconds. Throws `UsageError`. */
export function readClaims(args: Arguments, now: number): PlannedClaims {
  const iat = Math.floor(now / 1000)
  const claims: PlannedClaims = {
    ...Object.fromEntries(listFlag(args, 'claim').map(readClaim)),
    ...named('sub', textFlag(args, 'sub')),
    ...named('iss', textFlag(args, 'issuer')),
    ...named('aud', textFlag(args, 'audience')),
    ...named('subscribe', patterns(args, 'subscribe')),
    ...named('send', patterns(args, 'send')),
    ...named('presence', patterns(args, 'presence')),
    ...(args.flags.admin === true && { admin: true }),
    iat,
    exp: iat + readSpan(textFlag(args, 'expires') ?? '1h'),
  }
  try {
    parseClaims(claims)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  return claims
}

function named(name: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined ? {} : { [name]: value }
}

/** `--subscribe a --subscribe b` and `--subscribe a,b` are the same: no channel's name has a comma. */
function patterns(args: Arguments, name: string): readonly string[] | undefined {
  const list = listFlag(args, name).flatMap((value) => value.split(',').map((part) => part.trim()))
  return list.length === 0 ? undefined : list
}

function readSpan(text: string): number {
  const [, count, unit = ''] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (secondsOf[unit] ?? Number.NaN)
  if (seconds <= longest) return seconds
  throw new UsageError('--expires is a time such as 90s, 30m, 1h or 7d, of 30 days at most.')
}

function readClaim(text: string): [string, string] {
  const [, name = '', value = ''] = /^([A-Za-z][\w-]{0,63})=(.*)$/s.exec(text) ?? []
  if (name === '') throw new UsageError('--claim is NAME=VALUE, such as --claim role=operator.')
  if (own.includes(name)) throw new UsageError(`--claim ${name}=…: ${name} has a flag of its own, or none.`)
  return [name, value]
}
