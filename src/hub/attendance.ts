import { FairleadError } from '../protocol/index.ts'
import type { Session } from './session.ts'

/** A session's part in presence: on which channels its client is a member, and who else is there. */
export class Attendance {
  readonly #session: Session
  /** The client that the session brought to each channel. */
  #clients: Map<string, string> | undefined

  constructor(session: Session) {
    this.#session = session
  }

  /** A client reads these channels: it becomes a member of those that know who is on them. */
  join(channels: readonly string[], client: string): void {
    for (const channel of channels) {
      if (!this.#asks(channel)) continue
      this.leave(channel, false)
      this.#clients ??= new Map()
      this.#clients.set(channel, client)
      this.#session.hub.memberships.enter(channel, client)
    }
  }

  /** The session reads this channel no more. */
  leave(channel: string, goodbye: boolean): void {
    const client = this.#clients?.get(channel)
    if (client === undefined) return
    this.#clients?.delete(channel)
    this.#session.hub.memberships.exit(channel, client, goodbye)
  }

  /** A client said that it goes before it had become a member here. */
  goodbye(channels: readonly string[], client: string): void {
    for (const channel of channels)
      if (this.#asks(channel)) this.#session.hub.memberships.goodbye(channel, client)
  }

  /** The session reads nothing any more; `goodbye` says that its members mean to be gone. */
  leaveAll(goodbye: boolean): void {
    for (const channel of [...(this.#clients?.keys() ?? [])]) this.leave(channel, goodbye)
  }

  /** The connection was heard of: its members are alive. */
  alive(): void {
    for (const [channel, client] of this.#clients ?? []) this.#session.hub.memberships.touch(channel, client)
  }

  /** See `Session.members`. */
  async members(channel: string): Promise<string[]> {
    await this.#session.assertAllowed('presence', channel)
    if (!this.#asks(channel)) throw new FairleadError('not_found', 'This channel does not know who is on it.')
    return this.#session.hub.presence.members(channel)
  }

  /** Tells the store of a client that is alive, or says goodbye, without a connection of its own. */
  async tell(what: 'touch' | 'leave', channels: readonly string[], client: string): Promise<void> {
    for (const channel of channels) await this.#session.assertAllowed('presence', channel)
    for (const channel of channels)
      if (this.#asks(channel)) await this.#session.hub.presence[what](channel, client)
  }

  #asks(channel: string): boolean {
    return this.#session.hub.declared.find(channel).declaration?.presence === true
  }
}
