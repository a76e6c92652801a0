import { type Clock, systemClock } from '../hub/clock.ts'
import type { PresenceChange, PresenceStore } from '../hub/presence.ts'
import { FairleadError } from '../protocol/index.ts'
import { type Linked, LinkedList } from './memory/linked-list.ts'
import { PresenceChanges } from './presence-changes.ts'

/** When a member counts as gone, and how much is held. */
export interface MemoryPresenceOptions {
  /** A member that is not heard of for so long is gone, in milliseconds. @default 60,000 */
  readonly timeoutMs?: number | undefined
  /** Joins and leaves are gathered for so long before they are told, in milliseconds. @default 100 */
  readonly batchMs?: number | undefined
  /** Members of all channels together; one more is refused with `busy`. @default 100,000 */
  readonly members?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/** Presence in the memory of this process: it knows of the members that this process has seen. */
export function memoryPresence(options: MemoryPresenceOptions = {}): PresenceStore {
  return new MemoryPresence(options)
}

interface Member extends Linked<Member> {
  readonly channel: string
  readonly id: string
  heardAt: number
}

class MemoryPresence implements PresenceStore {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #batchMs: number
  readonly #limit: number
  readonly #channels = new Map<string, Map<string, Member>>()
  /** All members, the longest silent first. */
  readonly #bySilence = new LinkedList<Member>()
  readonly #changes: PresenceChanges
  #cancelExpiry: (() => void) | undefined
  #closed = false

  constructor(options: MemoryPresenceOptions) {
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#batchMs = options.batchMs ?? 100
    this.#limit = options.members ?? 100_000
    this.#changes = new PresenceChanges(this.#batchMs, this.#clock)
  }

  async touch(channel: string, id: string): Promise<void> {
    if (this.#closed) throw new FairleadError('unavailable', 'Presence is closed.')
    this.#expire()
    const known = this.#channels.get(channel)?.get(id)
    if (known) this.#bySilence.remove(known)
    const member = known ?? this.#join(channel, id)
    member.heardAt = this.#clock.now()
    this.#bySilence.push(member)
    this.#watchSilence()
  }

  async leave(channel: string, id: string): Promise<void> {
    const member = this.#channels.get(channel)?.get(id)
    if (member) this.#remove(member)
  }

  async members(channel: string): Promise<string[]> {
    this.#expire()
    return [...(this.#channels.get(channel)?.keys() ?? [])].sort()
  }

  follow(sink: (change: PresenceChange) => void): void {
    this.#changes.follow(sink)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelExpiry?.()
    this.#changes.close()
    this.#channels.clear()
  }

  #join(channel: string, id: string): Member {
    if (this.#bySilence.length >= this.#limit) {
      throw new FairleadError('busy', 'As many clients are present as the server may hold: try again later.')
    }
    const member = { channel, id, heardAt: 0, previous: undefined, next: undefined }
    const members = this.#channels.get(channel) ?? new Map<string, Member>()
    this.#channels.set(channel, members.set(id, member))
    this.#changes.joined(channel, id)
    return member
  }

  #remove(member: Member): void {
    const { channel, id } = member
    const members = this.#channels.get(channel)!
    members.delete(id)
    if (members.size === 0) this.#channels.delete(channel)
    this.#bySilence.remove(member)
    this.#changes.left(channel, id)
    if (this.#bySilence.length > 0) return
    this.#cancelExpiry?.()
    this.#cancelExpiry = undefined
  }

  #expire(): void {
    const heardLast = this.#clock.now() - this.#timeoutMs
    for (let member = this.#bySilence.first; member; member = this.#bySilence.first) {
      if (member.heardAt > heardLast) return
      this.#remove(member)
    }
  }

  /** One timer, for the longest silent member; not more often than changes are told. */
  #watchSilence(): void {
    const longest = this.#bySilence.first
    if (!longest || this.#cancelExpiry) return
    const wait = longest.heardAt + this.#timeoutMs - this.#clock.now()
    this.#cancelExpiry = this.#clock.after(Math.max(wait, this.#batchMs), () => {
      this.#cancelExpiry = undefined
      this.#expire()
      this.#watchSilence()
    })
  }
}
