import type { PresenceStore } from './presence.ts'

/**
 * Which clients this process holds connections of, per channel: a client on two connections (a switch, an overlap) is
 * one member, and leaves only with the last of them.
 */
export class Memberships {
  readonly #store: PresenceStore
  readonly #failed: (error: unknown) => void
  readonly #held = new Map<string, Map<string, number>>()

  constructor(store: PresenceStore, failed: (error: unknown) => void) {
    this.#store = store
    this.#failed = failed
  }

  /** A connection of the client reads the channel. */
  enter(channel: string, client: string): void {
    let clients = this.#held.get(channel)
    if (!clients) {
      clients = new Map()
      this.#held.set(channel, clients)
    }
    clients.set(client, (clients.get(client) ?? 0) + 1)
    this.touch(channel, client)
  }

  /** The client was heard of. */
  touch(channel: string, client: string): void {
    this.#store.touch(channel, client).catch(this.#failed)
  }

  /** A connection reads the channel no more. Without a goodbye the client may be on its way to another. */
  exit(channel: string, client: string, goodbye: boolean): void {
    const clients = this.#held.get(channel)
    const left = (clients?.get(client) ?? 1) - 1
    if (left > 0) {
      clients!.set(client, left)
      return
    }
    clients?.delete(client)
    if (clients?.size === 0) this.#held.delete(channel)
    if (goodbye) this.#store.leave(channel, client).catch(this.#failed)
  }
}
