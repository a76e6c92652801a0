import type { Msg } from '@nats-io/transport-node'
import { type Clock, systemClock } from '../../hub/clock.ts'
import type { PresenceChange, PresenceStore } from '../../hub/presence.ts'
import { FairleadError } from '../../protocol/index.ts'
import { memoryPresence } from '../memory-presence.ts'
import { NatsLink, type NatsPlace } from './link.ts'

/** Where the servers meet, and when a member counts as gone. */
export interface NatsPresenceOptions extends NatsPlace {
  /** The first token of the subjects on which the servers tell each other. @default 'fairlead' */
  readonly prefix?: string | undefined
  /** A member that no server hears of for so long is gone, in milliseconds. @default 60,000 */
  readonly timeoutMs?: number | undefined
  /** Joins and leaves are gathered for so long before they are told, in milliseconds. @default 100 */
  readonly batchMs?: number | undefined
  /** Members of all channels together; one more is refused with `busy`. @default 100,000 */
  readonly members?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/** That a member was heard of (1), or said goodbye (0). */
type Word = readonly [heard: 0 | 1, channel: string, member: string]

/** What one server tells the others. */
interface News {
  readonly from: string
  readonly words: readonly Word[]
}

/** Words in one message: some 300 KB at most, where NATS takes 1 MB. */
const wordsAtOnce = 1_000

/**
 * Presence over several servers. Each holds all members in memory and tells the others whom it heard of itself, over
 * plain NATS: nothing is stored, and a server that dies takes its members with it when they fall silent. One that
 * comes, or comes back, asks the others. A lost message heals with the next sign of life.
 */
export class NatsPresence implements PresenceStore {
  readonly #all: PresenceStore
  readonly #link: NatsLink
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #delayMs: number
  readonly #self: string
  readonly #newsSubject: string
  readonly #askSubject: string
  /** Whom this server heard of, the longest silent first. */
  readonly #own = new Map<string, { channel: string; member: string; heardAt: number }>()
  #untold = new Map<string, Word>()
  #cancelTelling: (() => void) | undefined
  #subscribed = false
  #closed = false

  constructor(options: NatsPresenceOptions) {
    const { prefix = 'fairlead', timeoutMs = 60_000, batchMs = 100, members, clock = systemClock } = options
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
      throw new RangeError('natsPresence: prefix is 1 to 64 of A-Z a-z 0-9 _ -, for it is part of subjects.')
    }
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#delayMs = Math.min(batchMs, 100)
    this.#self = `${clock.random().toString(36).slice(2)}${clock.random().toString(36).slice(2)}`
    this.#newsSubject = `${prefix}.p.news`
    this.#askSubject = `${prefix}.p.ask`
    this.#all = memoryPresence({ timeoutMs, batchMs, members, clock })
    this.#link = new NatsLink(options, { up: () => this.#up(), down: () => {} }, clock)
  }

  async touch(channel: string, member: string): Promise<void> {
    await this.#all.touch(channel, member)
    const key = keyOf(channel, member)
    this.#own.delete(key)
    this.#own.set(key, { channel, member, heardAt: this.#clock.now() })
    this.#forgetSilent()
    this.#tell(key, [1, channel, member])
  }

  async leave(channel: string, member: string): Promise<void> {
    if (this.#closed) throw new FairleadError('unavailable', 'Presence is closed.')
    await this.#all.leave(channel, member)
    const key = keyOf(channel, member)
    this.#own.delete(key)
    this.#tell(key, [0, channel, member])
  }

  members(channel: string): Promise<string[]> {
    return this.#all.members(channel)
  }

  follow(sink: (change: PresenceChange) => void): void {
    this.#all.follow(sink)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTelling?.()
    this.#send([...this.#untold.values()])
    await this.#all.close()
    await this.#link.close()
  }

  #forgetSilent(): void {
    const heardLast = this.#clock.now() - this.#timeoutMs
    for (const [key, { heardAt }] of this.#own) {
      if (heardAt > heardLast) return
      this.#own.delete(key)
    }
  }

  /** Of one member the newest word counts. */
  #tell(key: string, word: Word): void {
    this.#untold.delete(key)
    this.#untold.set(key, word)
    this.#cancelTelling ??= this.#clock.after(this.#delayMs, () => {
      this.#cancelTelling = undefined
      const words = [...this.#untold.values()]
      this.#untold = new Map()
      // While NATS is out of reach nothing is gathered: all is told when it is back.
      this.#send(words)
    })
  }

  #send(words: readonly Word[]): void {
    for (let start = 0; start < words.length; start += wordsAtOnce) {
      const news: News = { from: this.#self, words: words.slice(start, start + wordsAtOnce) }
      this.#link.publish(this.#newsSubject, JSON.stringify(news))
    }
  }

  #sendOwn(): void {
    this.#forgetSilent()
    this.#send([...this.#own.values()].map(({ channel, member }) => [1, channel, member] as const))
  }

  /** What was told meanwhile was missed on both sides. */
  #up(): void {
    if (!this.#subscribed) {
      this.#subscribed = true
      this.#link.subscribe(this.#newsSubject, (message) => void this.#hear(message))
      this.#link.subscribe(this.#askSubject, (message) => {
        if (message.string() !== this.#self) this.#sendOwn()
      })
    }
    this.#sendOwn()
    this.#link.publish(this.#askSubject, this.#self)
  }

  async #hear(message: Msg): Promise<void> {
    const { from, words } = message.json<News>()
    if (from === this.#self) return
    for (const [heard, channel, member] of words) {
      if (this.#closed) return
      // Refused when there are too many: the next sign of life may find room.
      if (heard) await this.#all.touch(channel, member).catch(() => {})
      else await this.#all.leave(channel, member)
    }
  }
}

/** The length keeps channel and member apart whatever stands in them. */
function keyOf(channel: string, member: string): string {
  return `${channel.length}:${channel}${member}`
}
