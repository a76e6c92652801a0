import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError, isFairleadError } from 'fairlead'
import { type Kept, readKept } from './kept.ts'
import type { Live } from './live.ts'
import { epochOf, isPassing } from './live.ts'
import { type FoldedChannel, foldedChannels, type Order, type ShopEvent, type ShopState } from './state.ts'

/** The shop's state, kept up with the log. */
export interface Book {
  readonly state: ShopState
  /** What the state holds of a channel, exactly: every event up to here, and none after it. */
  position(channel: FoldedChannel): string
  /** Resolves when the state holds the channel up to `position`; rejects (`unavailable`) when that is gone. */
  reached(channel: FoldedChannel, position: string): Promise<void>
  /** Asks the log, and resolves when the state holds all of the channel that the log held then. */
  catchUp(channel: FoldedChannel): Promise<void>
  /** The order that a buyer's key stands for, among the newest 50,000. */
  order(key: string): Order | undefined
  /** Calls `fn` after each event that was folded, and after the state was rebuilt. */
  onChange(fn: () => void): void
  close(): void
}

interface Waiting {
  readonly channel: FoldedChannel
  readonly position: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A log that is out of reach is asked again this often. */
const againMs = 500

/**
 * Rebuilds the state from the log and follows it from there. A log that is out of reach for a while is waited for; one
 * that lost events begins a new epoch, and the state is rebuilt from what it still holds. `onFail` is told when that
 * cannot be: a shop that does not know what it sold must not sell on.
 */
export async function openBook(live: Live, onFail: (error: unknown) => void): Promise<Book> {
  const book = new FollowedBook(live, await readKept(live))
  void book.run().catch(onFail)
  for (const channel of foldedChannels) await book.catchUp(channel)
  return book
}

class FollowedBook implements Book {
  readonly #live: Live
  readonly #closing = new AbortController()
  readonly #listeners: (() => void)[] = []
  #kept: Kept
  #waiting: Waiting[] = []

  constructor(live: Live, kept: Kept) {
    this.#live = live
    this.#kept = kept
  }

  get state(): ShopState {
    return this.#kept.state
  }

  position(channel: FoldedChannel): string {
    return this.#kept.position(channel)
  }

  order(key: string): Order | undefined {
    return this.#kept.keys.get(key)
  }

  onChange(fn: () => void): void {
    this.#listeners.push(fn)
  }

  close(): void {
    this.#closing.abort()
  }

  reached(channel: FoldedChannel, position: string): Promise<void> {
    if (this.#kept.holds(channel, position)) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ channel, position, resolve, reject }))
  }

  async catchUp(channel: FoldedChannel): Promise<void> {
    // First where the log stands, then the channel's newest: what is of the channel up to the one is up to the other.
    const head = await this.#live.channel(channel).position()
    await this.reached(channel, await this.#live.channel(channel).last())
    // So a quiet channel's position moves on with the log, and never becomes too old to read from.
    if (epochOf(head) === epochOf(this.position(channel))) this.#kept.moveTo(channel, head)
  }

  /** Follows every channel until the book is closed, over new epochs of the log. */
  async run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const round = new AbortController()
      const both = AbortSignal.any([signal, round.signal])
      try {
        await Promise.all(foldedChannels.map((channel) => this.#follow(channel, both)))
      } catch (error) {
        if (!isGap(error)) throw error
        round.abort()
        await this.#rebuild()
      }
    }
  }

  async #follow(channel: FoldedChannel, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of this.#live
          .channel(channel)
          .events({ after: this.position(channel), signal })) {
          this.#kept.take(event as ShopEvent)
          this.#tell()
        }
      } catch (error) {
        if (signal.aborted) return
        if (!isPassing(error)) throw error
        await pause(againMs)
      }
    }
  }

  async #rebuild(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        this.#kept = await readKept(this.#live)
        return this.#turnAway()
      } catch (error) {
        if (!isPassing(error)) throw error
        await pause(againMs)
      }
    }
  }

  #tell(): void {
    this.#waiting = this.#waiting.filter((one) => {
      const there = this.#kept.holds(one.channel, one.position)
      if (there) one.resolve()
      return !there
    })
    for (const listener of this.#listeners) listener()
  }

  /** What somebody waits for in an epoch that is gone never comes. */
  #turnAway(): void {
    this.#waiting = this.#waiting.filter(({ channel, position, reject }) => {
      const gone = epochOf(position) !== epochOf(this.position(channel))
      if (gone) reject(new FairleadError('unavailable', 'The log began anew meanwhile: try again.'))
      return !gone
    })
    this.#tell()
  }
}

/** Events after the position that was read from are gone. */
function isGap(error: unknown): boolean {
  return isFairleadError(error) && error.code === 'not_found'
}
