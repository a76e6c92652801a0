import type { Action, Authorise, Identity, RequestInfo } from '../hub/authorise.ts'
import type { Clock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'
import type { Ticket, Tickets } from './tickets.ts'
import { identityOf } from './token-claims.ts'
import { leewayMs, type Tokens } from './tokens.ts'

/** What a server was given to tell people apart with. */
export interface CredentialsOptions {
  /** Says who else sent a request, and decides who may what. */
  readonly rules: Authorise
  readonly tokens?: Tokens | undefined
  readonly tickets?: Tickets | undefined
  readonly clock: Clock
}

/**
 * The three carriers of section 7, before the channels' rules: a bearer token, a ticket in the URL, and whatever the
 * application looks at itself (a cookie). A ticket reads its own channels until it ends, and does nothing else.
 */
export class Credentials implements Authorise {
  readonly #options: CredentialsOptions
  readonly #held = new WeakMap<Identity, Ticket>()

  constructor(options: CredentialsOptions) {
    this.#options = options
  }

  async identify(request: RequestInfo): Promise<Identity | null> {
    const { rules, tokens, tickets } = this.#options
    const bearer = /^Bearer +([^ ]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (tokens && bearer !== undefined) {
      const { expiresAt, ...who } = identityOf(await tokens.verify(bearer))
      return { ...who, expiresAt: expiresAt + leewayMs }
    }
    const ticket = ticketOf(request)
    if (ticket === undefined) return rules.identify(request)
    if (!tickets || (request.method !== 'GET' && request.method !== 'HEAD'))
      throw new FairleadError('invalid_token', 'A ticket is for reading, from a server that gives tickets.')
    return this.#holder(tickets.verify(ticket))
  }

  allows(who: Identity | null, action: Action, channel: string): boolean | Promise<boolean> {
    const { rules, clock } = this.#options
    const ticket = who ? this.#held.get(who) : undefined
    if (!ticket) return rules.allows(who, action, channel)
    if (action !== 'read' || !ticket.covers(channel) || clock.now() >= ticket.exp) return false
    return rules.allows(ticket.who, action, channel)
  }

  #holder(ticket: Ticket): Identity {
    const who: Identity = { ...ticket.who, admin: false, expiresAt: ticket.exp }
    this.#held.set(who, ticket)
    return who
  }
}

/** The ticket in a request's URL. Throws on several: which one counts is a question that attackers ask. */
function ticketOf({ url }: RequestInfo): string | undefined {
  const mark = url.indexOf('?')
  const given = mark === -1 ? [] : new URLSearchParams(url.slice(mark + 1)).getAll('ticket')
  if (given.length > 1) throw new FairleadError('invalid_token', 'Give one ticket.')
  return given[0]
}
