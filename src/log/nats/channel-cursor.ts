import type { StoredEvent } from '../../hub/channel-log.ts'
import type { Deadline } from './deadline.ts'
import { eventOf, type StreamMessage } from './message.ts'
import type { Scan } from './scan.ts'

/** Messages asked for at a time: few at first, for their size is not known. */
const firstPull = 64
const largestPull = 512

/** The reading of one channel, from a position up to where it was known to go. */
export class ChannelCursor {
  readonly channel: string
  readonly #scan: Scan
  readonly #until: number
  #prev: number
  #waiting: StreamMessage[] = []
  #pulled = 0
  #pullSize = firstPull
  /** The newest message that was fetched. */
  #reached: number

  /** Events after `after`, up to `until`, which the channel has. */
  constructor(channel: string, scan: Scan, after: number, until: number) {
    this.channel = channel
    this.#scan = scan
    this.#prev = after
    this.#reached = after
    this.#until = until
  }

  /** The next message; `undefined` at the end, or when none is at hand. */
  get first(): StreamMessage | undefined {
    const first = this.#waiting[this.#pulled]
    return first && first.seq <= this.#until ? first : undefined
  }

  get #isDone(): boolean {
    return this.#reached >= this.#until
  }

  /** Fetches more when there is none at hand. Throws `unavailable`. */
  async fill(deadline: Deadline): Promise<void> {
    while (this.#pulled === this.#waiting.length && !this.#isDone) {
      deadline.assert()
      this.#waiting = await this.#scan.next(this.#pullSize, deadline)
      this.#pulled = 0
      this.#reached = this.#waiting.at(-1)?.seq ?? this.#reached
      this.#pullSize = pullAfter(this.#waiting)
    }
  }

  /** Takes the next event. */
  shift(): StoredEvent {
    const { seq, head, data } = this.#waiting[this.#pulled++]!
    const event = eventOf(this.channel, head!, data, seq, this.#prev)
    this.#prev = seq
    return event
  }

  close(): void {
    this.#scan.close()
  }
}

/** As many as fit in a megabyte, if they are like these. */
export function pullAfter(messages: readonly StreamMessage[]): number {
  const bytes = messages.reduce((sum, { data }) => sum + data.length + 200, 0)
  const average = Math.max(1, bytes / Math.max(1, messages.length))
  return Math.max(1, Math.min(largestPull, Math.floor(1_048_576 / average)))
}
