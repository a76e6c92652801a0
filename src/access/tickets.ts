import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Identity } from '../hub/authorise.ts'
import { type Clock, systemClock } from '../hub/clock.ts'
import { FairleadError, isChannelPattern, limits } from '../protocol/index.ts'
import { Grants } from './grants.ts'
import { parseSecret } from './secret.ts'
import { permits } from './token-claims.ts'

/** `ft` and the version: known at sight, by people and by `redact`. */
const prefix = 'ft1'
const form = /^ft1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/

/** The longest ticket, in bytes: it stands in a request line. */
const ticketBytes = 2048
/** The most that may be said of its holder, in bytes of JSON. */
const identityBytes = 512
const maxKeys = 8

/** How tickets are made. */
export interface TicketsOptions {
  /**
   * Secrets of 256 bits or more, the same on every server: the first signs, all are accepted. To change it, put the new
   * one second on every server, then first, and drop the old one after `ttlMs`. 1 to 8.
   */
  readonly keys: readonly (string | Uint8Array)[]
  /** How long a ticket can be used, in milliseconds. @default 600_000 */
  readonly ttlMs?: number
  /** @default the machine's own */
  readonly clock?: Clock
}

/** What a ticket is asked for. */
export interface TicketRequest {
  /** Who is going to read: whose `id` and other fields, at most 512 bytes as JSON, the ticket carries for the rules. */
  readonly who: Identity | null
  /** The channels it is good for, by name or pattern. */
  readonly channels: readonly string[]
  /** When it ends, in milliseconds since the epoch: at most `ttlMs` from now, and not after `who`'s own credentials. */
  readonly exp?: number
}

/** What a ticket says. */
export interface Ticket {
  /** Who reads. Never an admin: it is good for its channels and no others. */
  readonly who: Identity | null
  readonly channels: readonly string[]
  /** When it ends, in milliseconds since the epoch. */
  readonly exp: number
  /** Whether a channel is one of the ticket's. */
  covers(channel: string): boolean
}

/** Makes and verifies tickets. */
export interface Tickets {
  /**
   * Makes a ticket. It does not ask whether `who` may read the channels: ask first. Throws `TypeError` when the identity
   * is too large, `invalid_channel` and `too_many_channels` on channels that cannot be.
   */
  issue(request: TicketRequest): string
  /** What a ticket says. Throws `invalid_token`, in the same words whatever is wrong; `token_expired` when it is too old. */
  verify(ticket: string): Ticket
}

/** What is signed. Short names: it stands in a URL. */
interface Body {
  /** When it ends, in milliseconds. */
  readonly e: number
  readonly c: readonly string[]
  readonly w: Identity | null
  /** The places in `c` of the channels that the holder's token grants: no rule needs to. Left out: none. */
  readonly g?: readonly number[]
}

/**
 * Tickets: what a native EventSource or WebSocket, which cannot set headers, shows in its URL. A ticket is read-only,
 * bound to its channels, and good again and again until it ends, because a browser repeats its URL at every reconnect.
 * What its holder's token granted, the ticket grants; what a channel's rule let, the rule is asked again. Throws
 * `TypeError` on keys that are weak.
 */
export function tickets(options: TicketsOptions): Tickets {
  return new SignedTickets(options)
}

class SignedTickets implements Tickets {
  readonly #keys: readonly Buffer[]
  readonly #ttlMs: number
  readonly #clock: Clock

  constructor({ keys, ttlMs = 600_000, clock = systemClock }: TicketsOptions) {
    if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys)
      throw new TypeError(`keys is a list of 1 to ${maxKeys} secrets that tickets are signed with.`)
    if (!(ttlMs >= 1_000 && ttlMs <= 86_400_000))
      throw new TypeError(`ttlMs is from 1000 milliseconds to a day, not ${ttlMs}.`)
    this.#keys = keys.map((key, index) => ticketKey(key, `keys[${index}]`))
    this.#ttlMs = ttlMs
    this.#clock = clock
  }

  issue({ who, channels, exp = Number.POSITIVE_INFINITY }: TicketRequest): string {
    assertChannels(channels)
    const end = Math.floor(Math.min(exp, this.#clock.now() + this.#ttlMs, endOf(who)))
    if (Number.isNaN(end)) throw new TypeError('exp is in milliseconds since the epoch.')
    const granted = [...channels.keys()].filter((at) => permits(who, 'read', channels[at]!))
    const body: Body = { e: end, c: channels, w: carried(who), ...(granted.length > 0 && { g: granted }) }
    const said = Buffer.from(JSON.stringify(body)).toString('base64url')
    const ticket = `${prefix}.${said}.${sign(this.#keys[0]!, said)}`
    if (ticket.length > ticketBytes)
      throw new FairleadError(
        'too_many_channels',
        'One ticket holds fewer channels: ask for several tickets.',
      )
    return ticket
  }

  verify(ticket: string): Ticket {
    const [, said, mac] =
      (typeof ticket === 'string' && ticket.length <= ticketBytes && form.exec(ticket)) || []
    if (said === undefined || mac === undefined) throw invalid()
    const shown = Buffer.from(mac)
    if (!this.#keys.some((key) => timingSafeEqual(sign(key, said), shown))) throw invalid()
    return this.#read(JSON.parse(Buffer.from(said, 'base64url').toString('utf8')) as Body)
  }

  #read({ e: exp, c: channels, w, g }: Body): Ticket {
    if (this.#clock.now() >= exp)
      throw new FairleadError('token_expired', 'The ticket has expired: get a new one.')
    const covered = new Grants({ subscribe: channels })
    const grants = g && new Grants({ subscribe: g.map((at) => channels[at]!) })
    const who = w && { ...w, expiresAt: exp, ...(grants && { grants }) }
    return { who, channels, exp, covers: (channel) => covered.permits('read', channel) }
  }
}

/** A key of its own for tickets: one that also signs tokens or cookies can then be misused for neither. */
function ticketKey(key: string | Uint8Array, option: string): Buffer {
  const secret = parseSecret(key, { option, bits: 256 })
  return Buffer.from(hkdfSync('sha256', secret, '', 'fairlead ticket 1', 32))
}

/** As text: of base64's last letter some bits mean nothing, and a ticket has one form only. */
function sign(key: Buffer, said: string): Buffer {
  return Buffer.from(createHmac('sha256', key).update(`${prefix}.${said}`).digest('base64url'))
}

function assertChannels(channels: readonly string[]): void {
  if (
    channels.length === 0 ||
    !channels.every((channel) => typeof channel === 'string' && isChannelPattern(channel))
  )
    throw new FairleadError('invalid_channel', 'A ticket is for channels, by name or pattern.')
  if (channels.length > limits.channelsPerStream)
    throw new FairleadError(
      'too_many_channels',
      `A ticket is for at most ${limits.channelsPerStream} channels.`,
    )
}

/** A ticket does not outlive what it was made with. */
function endOf(who: Identity | null): number {
  return typeof who?.expiresAt === 'number' ? who.expiresAt : Number.POSITIVE_INFINITY
}

/** What rules may need of someone, and nothing that grants more than the ticket does. */
function carried(who: Identity | null): Identity | null {
  if (who === null) return null
  const { admin, grants, expiresAt, ...rest } = who
  const text = JSON.stringify(rest)
  if (Buffer.byteLength(text) <= identityBytes) return rest
  throw new TypeError(
    `A ticket carries at most ${identityBytes} bytes of its holder: issue it for { id } and what the rules need.`,
  )
}

function invalid(): FairleadError {
  return new FairleadError('invalid_token', 'The ticket is not valid.')
}
