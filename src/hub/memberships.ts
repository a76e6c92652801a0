import type { PresenceStore } from './presence.ts'

/** What this process holds of a client on a channel. */
interface Held {
  connections: number
  /** One of them said goodbye, and nothing was heard of the client since: those that are left are remains of it. */
  goodbye: boolean
}

/**
 * Which clients this process holds connections of, per channel: a client on two connections (a switch, an overlap) is
 * one member, and leaves only with the last of them.
 */
export class Memberships {
  readonly #store: PresenceStore
  readonly #failed: (error: unknown) => void
  readonly #held = new Map<string, Map<string, Held>>()

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
    const held = clients.get(client)
    if (held) held.connections++
    else clients.set(client, { connections: 1, goodbye: false })
    this.touch(channel, client)
  }

  /** The client was heard of. */
  touch(channel: string, client: string): void {
    const held = this.#held.get(channel)?.get(client)
    if (held) held.goodbye = false
    this.#store.touch(channel, client).catch(this.#failed)
  }

  /** The client goes, also with the connections that are left of it. */
  goodbye(channel: string, client: string): void {
    const held = this.#held.get(channel)?.get(client)
    if (held) held.goodbye = true
    else this.#store.leave(channel, client).catch(this.#failed)
  }

  /** A connection reads the channel no more. Without a goodbye the client may be on its way to another. */
  exit(channel: string, client: string, goodbye: boolean): void {
    const clients = this.#held.get(channel)
    const held = clients?.get(client)
    if (held) held.goodbye ||= goodbye
    if (held && --held.connections > 0) return
    clients?.delete(client)
    if (clients?.size === 0) this.#held.delete(channel)
    if (held?.goodbye ?? goodbye) this.#store.leave(channel, client).catch(this.#failed)
  }
}
