import type { Deadline } from './deadline.ts'
import type { NatsLink } from './link.ts'
import type { StreamMessage } from './message.ts'
import type { NatsLogSettings } from './options.ts'
import { Scan, type ScanStart } from './scan.ts'
import type { Look } from './standing.ts'
import type { StreamApi } from './stream-api.ts'
import type { Subjects } from './subjects.ts'

/** So many messages are rather passed over than looked for in halves. */
const passedOver = 512

/** How far a channel goes, and what it keeps. */
export interface ChannelEnd {
  readonly channel: string
  readonly subject: string
  /** Its newest message; `undefined` when none is left. */
  readonly last: StreamMessage | undefined
  /** Its newest offset; of a channel without messages, one that none of its events was above. */
  readonly offset: number
  /** Of what its latest append said, and the log's options. */
  readonly count: number
  readonly ageMs: number
}

/** Finds out how far channels go, and from where on their events are still kept. */
export class ChannelEnds {
  readonly #link: NatsLink
  readonly #api: StreamApi
  readonly #subjects: Subjects
  readonly #settings: NatsLogSettings
  readonly #now: () => number

  constructor(
    link: NatsLink,
    api: StreamApi,
    subjects: Subjects,
    settings: NatsLogSettings,
    now: () => number,
  ) {
    this.#link = link
    this.#api = api
    this.#subjects = subjects
    this.#settings = settings
    this.#now = now
  }

  async end(channel: string, look: Look, deadline: Deadline): Promise<ChannelEnd> {
    const subject = this.#subjects.event(look.epoch, channel)
    const last = await this.#api.last(this.#settings.stream, subject, deadline)
    return {
      channel,
      subject,
      last,
      offset: last?.seq ?? look.floor,
      count: last?.head?.n ?? Number.POSITIVE_INFINITY,
      ageMs: Math.min(last?.head?.a ?? Number.POSITIVE_INFINITY, this.#settings.ageMs),
    }
  }

  /** The offset up to which a channel's own trimming has gone; 0 when there was none. */
  async trimmed(channel: string, look: Look, deadline: Deadline): Promise<number> {
    const mark = await this.#api.last(
      this.#settings.stream,
      this.#subjects.mark(look.epoch, channel),
      deadline,
    )
    return mark ? Number(Buffer.from(mark.data).toString()) : 0
  }

  /** Events that were stored up to this moment are too old, in milliseconds since the epoch. */
  cutoff({ ageMs }: ChannelEnd): number {
    return this.#now() - ageMs
  }

  /** After this offset comes all that is kept of a channel. */
  async earliest(end: ChannelEnd, look: Look, deadline: Deadline): Promise<number> {
    const { last } = end
    if (!last || last.seq <= look.hidden || last.storedAt <= this.cutoff(end) || end.count === 0)
      return end.offset
    const bounds = await Promise.all([
      this.trimmed(end.channel, look, deadline),
      Number.isFinite(end.count) ? this.before(end, end.count, look, deadline) : 0,
      this.#agedOut(end, look, deadline),
    ])
    return Math.min(last.seq, Math.max(look.hidden, ...bounds))
  }

  /** The offset after which a channel's newest `count` messages come; 0 when it has no more than those. */
  async before(end: ChannelEnd, count: number, look: Look, deadline: Deadline): Promise<number> {
    const { last } = end
    if (!last || count === 0) return end.offset
    const scan = await this.#nearEnd(end, last.seq, count + 1, look, deadline)
    if (!scan) return 0
    try {
      const messages = await scan.next(scan.pending - count, deadline)
      return Math.min(messages.at(-1)?.seq ?? look.floor, last.seq)
    } finally {
      scan.close()
    }
  }

  /** A scan of at least `count` messages that ends with the channel and does not begin far before them. */
  async #nearEnd(
    end: ChannelEnd,
    last: number,
    count: number,
    look: Look,
    deadline: Deadline,
  ): Promise<Scan | undefined> {
    let tooLate = last + 1
    let from = last - Math.max(64, 2 * count)
    for (;;) {
      from = Math.max(from, look.floor + 1)
      const scan = await this.#scan({ subject: end.subject, from: { seq: from } }, deadline)
      if (scan.pending >= count && (scan.pending <= count + passedOver || tooLate - from <= 1)) return scan
      scan.close()
      if (scan.pending < count) {
        if (from === look.floor + 1) return undefined
        // Before anything was found, the steps grow; then the stretch between is halved.
        const step = (last - from) * 4
        tooLate = from
        from = from - step
      } else {
        from = Math.ceil((from + tooLate) / 2)
      }
    }
  }

  async #agedOut(end: ChannelEnd, look: Look, deadline: Deadline): Promise<number> {
    if (!Number.isFinite(end.ageMs)) return 0
    const time = this.cutoff(end) + 1
    const oldest = await this.#api.next(this.#settings.stream, end.subject, look.floor + 1, deadline)
    if (!oldest || oldest.storedAt >= time) return 0
    const scan = await this.#scan({ subject: end.subject, from: { time } }, deadline)
    scan.close()
    return this.before(end, scan.pending, look, deadline)
  }

  #scan(start: Omit<ScanStart, 'stream'>, deadline: Deadline): Promise<Scan> {
    return Scan.open(
      this.#link,
      this.#api,
      { ...start, stream: this.#settings.stream, headersOnly: true },
      deadline,
    )
  }
}
