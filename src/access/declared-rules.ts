import type { Action, Authorise, Identity, RequestInfo } from '../hub/authorise.ts'
import type { ChannelDeclaration, Rule } from '../hub/channels.ts'
import type { DeclaredChannels } from '../hub/declared.ts'
import { grantsOf } from './grants.ts'

/** Says who sent a request; `null` is nobody. Throws a `FairleadError` on credentials that are wrong. */
export type Authenticate = (request: RequestInfo) => Identity | null | Promise<Identity | null>

/**
 * The channels' own declarations decide, and the application says who is asking. By default nobody reads and nobody
 * sends; a channel with a handler lets its handler decide on sends. A channel that is not declared is nobody's, and is
 * refused exactly like one that is forbidden.
 *
 * What someone's token grants comes on top of the rules, on declared channels only: a rule or a grant is enough. A token
 * that grants nothing is a signed-in identity for the rules; a grant to send still passes the channel's handler.
 */
export class DeclaredRules implements Authorise {
  readonly #channels: DeclaredChannels
  readonly #authenticate: Authenticate

  constructor(channels: DeclaredChannels, authenticate: Authenticate = () => null) {
    this.#channels = channels
    this.#authenticate = authenticate
  }

  identify(request: RequestInfo): Identity | null | Promise<Identity | null> {
    return this.#authenticate(request)
  }

  allows(who: Identity | null, action: Action, channel: string): boolean | Promise<boolean> {
    const { name, declaration } = this.#channels.find(channel)
    if (!declaration) return false
    if (grantsOf(who)?.permits(action, channel)) return true
    const rule = ruleOf(declaration, action)
    if (typeof rule === 'function') return rule(who, name)
    return rule === 'public' || (rule === 'signed-in' && who !== null)
  }
}

function ruleOf(declaration: ChannelDeclaration, action: Action): Rule {
  if (action !== 'send') return declaration.read ?? 'nobody'
  return declaration.send ?? (declaration.onSend ? 'public' : 'nobody')
}
