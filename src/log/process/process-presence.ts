import type { PresenceChange, PresenceStore } from '../../hub/presence.ts'
import { FairleadError } from '../../protocol/index.ts'
import { throwLater } from '../throw-later.ts'
import type { PrimaryClient } from './primary-client.ts'

/** The presence of the primary process, as a worker uses it: the members that any of the workers has seen. */
export class ProcessPresence implements PresenceStore {
  readonly #primary: PrimaryClient
  #followed = false
  #closed = false

  constructor(primary: PrimaryClient) {
    this.#primary = primary
  }

  async touch(channel: string, member: string): Promise<void> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'touch', channel, member })
  }

  async leave(channel: string, member: string): Promise<void> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'leave', channel, member })
  }

  async members(channel: string): Promise<string[]> {
    this.#assertOpen()
    return this.#primary.ask({ op: 'members', channel })
  }

  follow(sink: (change: PresenceChange) => void): void {
    if (this.#followed) throw new Error('Presence has one reader: follow was called before.')
    this.#followed = true
    this.#primary.followPresence((change) => {
      if (this.#closed) return
      try {
        sink(change)
      } catch (error) {
        throwLater(error)
      }
    })
  }

  /** Closes the worker's view; the store itself is the primary's to close. */
  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw new FairleadError('unavailable', 'Presence is closed.')
  }
}
