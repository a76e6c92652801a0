import { FairleadError, isFairleadError } from '../protocol/index.ts'
import type { Action, Identity } from './authorise.ts'
import { type Awaitable, andThen, isToCome, settle } from './awaitable.ts'
import type { Session } from './session.ts'
import { Deadline } from './timer-wheel.ts'

/** How often a running stream's permission is asked again; a stream ends within 5 s of losing it. */
const permissionMs = 4_000

/** How long before their end credentials are said to end, in milliseconds. */
const expiringMs = 60_000

const nobodyDenied: Admitted['denied'] = []

/** Which of several channels may be read. */
export interface Admitted {
  readonly open: readonly string[]
  readonly denied: readonly { channel: string; code: string }[]
}

/** What a session may do: asked at every call, and again while its streams run; and when its credentials end. */
export class Permissions extends Deadline {
  readonly #session: Session
  readonly #openedAt: number
  #warned = false

  constructor(session: Session) {
    super()
    this.#session = session
    this.#openedAt = session.hub.clock.now()
  }

  /** How long the credentials are still good, in milliseconds; not above 0 when they have ended. */
  get validMs(): number {
    const { who, hub } = this.#session
    return (who?.expiresAt ?? Number.POSITIVE_INFINITY) - hub.clock.now()
  }

  /** Streams run: permission is asked again every few seconds from now on. */
  watch(): void {
    this.#session.hub.wheel.schedule(this, permissionMs)
  }

  unwatch(): void {
    this.#session.hub.wheel.cancel(this)
  }

  /** There are new credentials: everything is asked again at once. */
  async renewed(): Promise<void> {
    this.#warned = false
    await this.#askAgain()
  }

  /** See `Session.assertAllowed`. */
  assertAllowed(action: Action, channel: string): Awaitable<void> {
    const session = this.#session
    if (session.who?.expiresAt !== undefined && this.validMs <= 0)
      throw new FairleadError('token_expired', 'Your credentials have expired: get new ones.')
    return andThen(this.#allows(action, channel), (allowed) => {
      if (allowed) return
      const refused = refusal(session.who)
      session.hub.audit.denied(session, action, channel, refused)
      throw refused
    })
  }

  /** Asks for each channel; names those that may be read and those that may not, or throws when none may. */
  admit(channels: readonly string[]): Awaitable<Admitted> {
    return this.#admitFrom(0, channels, [])
  }

  /** Asks one after the other: at once for as long as none has to be waited for. */
  #admitFrom(first: number, channels: readonly string[], refusals: Refusal[]): Awaitable<Admitted> {
    for (let i = first; i < channels.length; i++) {
      const channel = channels[i]!
      const refused = this.#refused(channel)
      if (isToCome(refused))
        return refused.then((error) => {
          if (error) refusals.push({ channel, error })
          return this.#admitFrom(i + 1, channels, refusals)
        })
      if (refused !== undefined) refusals.push({ channel, error: refused })
    }
    return admitted(channels, refusals)
  }

  /** Why a channel may not be followed: by its rule, or by the application when it is told. */
  #refused(channel: string): Awaitable<FairleadError | undefined> {
    return settle<FairleadError | undefined>(
      () => andThen(this.assertAllowed('read', channel), () => this.#announce(channel)),
      (error) => {
        if (isFairleadError(error)) return error
        throw error
      },
    )
  }

  #announce(channel: string): Awaitable<undefined> {
    const { hub, who } = this.#session
    const { name, declaration } = hub.declared.find(channel)
    if (!declaration?.onSubscribe) return undefined
    return andThen(declaration.onSubscribe({ channel: name, who }), () => undefined)
  }

  /** The wheel's call: permission is asked again. */
  due(): void {
    if (this.#expired()) return
    const { hub, streaming } = this.#session
    this.#askAgain().catch((error: unknown) => hub.onError(error, 'subscription'))
    if (streaming) this.watch()
  }

  /** Says ahead of time that the credentials end, so that new ones come without a gap; then ends what they opened. */
  #expired(): boolean {
    const left = this.validMs
    if (left <= 0) {
      this.#session.end('auth_expired')
      return true
    }
    if (left > expiringMs || this.#warned) return false
    this.#warned = true
    for (const connection of this.#session.connections)
      connection.control({ op: 'auth_expiring', inMs: left })
    return false
  }

  async #askAgain(): Promise<void> {
    const { hub, streams } = this.#session
    for (const subscription of [...streams]) {
      for (const channel of subscription.topic.channels) {
        if ((await this.#allows('read', channel)) || subscription.closed) continue
        hub.audit.lost(this.#session, channel)
        subscription.owner.lost(channel)
      }
    }
  }

  #allows(action: Action, channel: string): Awaitable<boolean> {
    const { hub, who } = this.#session
    if (hub.orders.revocations.covers(who, who?.issuedAt ?? this.#openedAt)) return false
    return who?.admin === true || hub.authorise.allows(who, action, channel)
  }
}

interface Refusal {
  readonly channel: string
  readonly error: FairleadError
}

function admitted(channels: readonly string[], refusals: readonly Refusal[]): Admitted {
  if (refusals.length === 0) return { open: channels, denied: nobodyDenied }
  if (refusals.length === channels.length) throw refusals.at(-1)!.error
  const denied = refusals.map(({ channel, error }) => ({ channel, code: error.code }))
  return { open: channels.filter((channel) => !denied.some((one) => one.channel === channel)), denied }
}

function refusal(who: Identity | null): FairleadError {
  return who === null
    ? new FairleadError('auth_required', 'Say who you are: a bearer token or a cookie.')
    : new FairleadError('forbidden', 'This is not for you to read or send.')
}
