import type { Action, Identity } from '../hub/authorise.ts'
import { isChannelPattern, isChannelSegment, matchPattern } from '../protocol/index.ts'

/** The actions that a token names channels for, with the claim that names them. */
const claimOf = { read: 'subscribe', send: 'send', presence: 'presence' } as const satisfies Record<
  Action,
  string
>

/** Lists of channel patterns, as a token carries them. */
export interface GrantClaims {
  readonly subscribe?: readonly string[] | undefined
  readonly send?: readonly string[] | undefined
  readonly presence?: readonly string[] | undefined
}

/** Channels by name and by pattern. Names are found at once; patterns are tried one after the other. */
class ChannelSet {
  readonly #names = new Set<string>()
  readonly #patterns: string[] = []

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      if (pattern.includes('*')) this.#patterns.push(pattern)
      else this.#names.add(pattern)
    }
  }

  /** Of a pattern: whether all that it covers is covered, for its `*` matches nothing but a `*` here. */
  has(channel: string): boolean {
    return (
      this.#names.has(channel) ||
      this.#patterns.some((pattern) => matchPattern(pattern, channel) !== undefined)
    )
  }
}

/**
 * What a token grants its holder: channels by pattern, an action each. It grants *in addition* to what the channels'
 * own rules let, and only on channels that are declared: a rule or a grant is enough, and a token that grants nothing
 * is a signed-in identity for the rules. So a grant cannot be taken back by a rule that says no: keep tokens short, or
 * revoke them.
 */
export class Grants {
  readonly #channels: Readonly<Record<Action, ChannelSet>>

  constructor(claims: GrantClaims) {
    this.#channels = {
      read: new ChannelSet(claims.subscribe ?? []),
      send: new ChannelSet(claims.send ?? []),
      presence: new ChannelSet(claims.presence ?? []),
    }
  }

  /** Whether `action` is granted on a channel, or on all channels of a pattern. */
  permits(action: Action, channel: string): boolean {
    return this.#channels[action].has(channel)
  }
}

/** What was granted to someone: only what a verified token or ticket made, never fields that look like it. */
export function grantsOf(who: Identity | null): Grants | undefined {
  return who?.grants instanceof Grants ? who.grants : undefined
}

/**
 * Reads the lists of a token's claims; `{sub}` stands for the token's own `sub`, as one whole segment. Throws `TypeError`
 * on what is no list of channel patterns: it names the claim, for whoever makes tokens.
 */
export function parseGrants(
  payload: Readonly<Record<string, unknown>>,
  sub: string | undefined,
): GrantClaims {
  const list = (action: Action) => parseList(payload, claimOf[action], sub)
  return { subscribe: list('read'), send: list('send'), presence: list('presence') }
}

function parseList(
  payload: Readonly<Record<string, unknown>>,
  claim: string,
  sub: string | undefined,
): string[] {
  const list = Object.hasOwn(payload, claim) ? payload[claim] : []
  if (!Array.isArray(list) || !list.every(isGrantPattern))
    throw new TypeError(`The claim ${claim} is a list of channel patterns, such as chat/* or user/{sub}.`)
  return list.flatMap((pattern: string) => ownPattern(pattern, sub) ?? [])
}

function isGrantPattern(pattern: unknown): boolean {
  return typeof pattern === 'string' && isChannelPattern(withSub(pattern, '*'))
}

/** A `sub` that is no segment of a channel's name matches nothing: `a/b` or `*` would reach other people's channels. */
function ownPattern(pattern: string, sub: string | undefined): string | undefined {
  if (withSub(pattern, '*') === pattern) return pattern
  return sub !== undefined && isChannelSegment(sub) ? withSub(pattern, sub) : undefined
}

function withSub(pattern: string, sub: string): string {
  return pattern
    .split('/')
    .map((segment) => (segment === '{sub}' ? sub : segment))
    .join('/')
}
