import type { Gap, LogPage, ReadFrom, ReadLimits, StoredEvent } from '../../hub/channel-log.ts'
import { payloadSize } from '../../protocol/index.ts'
import { ChannelCursor, pullAfter } from './channel-cursor.ts'
import type { ChannelEnd, ChannelEnds } from './channel-end.ts'
import type { Deadline } from './deadline.ts'
import { inParallel } from './in-parallel.ts'
import type { NatsLink } from './link.ts'
import { eventOf, type StreamMessage } from './message.ts'
import { Scan } from './scan.ts'
import type { Look } from './standing.ts'
import type { StreamApi } from './stream-api.ts'
import { channelOf, epochOf } from './subjects.ts'

/** A stretch so short is read whole, whichever channels it is of: asking for each costs more. */
const shortStretch = 256
/** Of more channels than this the stretch is read whole. */
const mostCursors = 64
/** Messages of other channels that a page passes over at most; it then ends with what it has. */
const passedOver = 10_000

/** Reads pages of the log's stream. */
export class PageReader {
  readonly #link: NatsLink
  readonly #api: StreamApi
  readonly #ends: ChannelEnds
  readonly #stream: string

  constructor(link: NatsLink, api: StreamApi, ends: ChannelEnds, stream: string) {
    this.#link = link
    this.#api = api
    this.#ends = ends
    this.#stream = stream
  }

  /** Reads one page of what the log held when `look` was taken. */
  async read(
    from: readonly ReadFrom[],
    bounds: ReadLimits,
    look: Look,
    deadline: Deadline,
  ): Promise<LogPage> {
    const until = Math.min(bounds.until ?? Number.POSITIVE_INFINITY, look.head)
    const lowest = Math.min(...from.map(({ after }) => after))
    if (from.length > 1 && lowest >= look.floor && until - lowest <= shortStretch) {
      return this.#readStretch(from, bounds, until, look, deadline)
    }
    const ends = await inParallel(from, ({ channel }) => this.#ends.end(channel, look, deadline))
    const active = from.filter(({ after }, i) => ends[i]!.offset > after)
    if (active.length > mostCursors && lowest >= look.floor) {
      return this.#readStretch(from, bounds, until, look, deadline)
    }
    return this.#merge(from, ends, bounds, until, look, deadline)
  }

  /** Merges the channels' own readings. */
  async #merge(
    from: readonly ReadFrom[],
    ends: readonly ChannelEnd[],
    bounds: ReadLimits,
    until: number,
    look: Look,
    deadline: Deadline,
  ): Promise<LogPage> {
    const cursors: ChannelCursor[] = []
    try {
      const gaps = await inParallel(from, async (start, i) => {
        return this.#openCursor(start, ends[i]!, until, look, cursors, deadline)
      })
      const page = new Page(bounds)
      let next = await nextOf(cursors, deadline)
      while (next && page.takes(next.first!)) {
        page.add(next.shift())
        next = await nextOf(cursors, deadline)
      }
      const found = gaps.filter((gap) => gap !== undefined)
      return page.end(next ? page.reached : until, next !== undefined, found, look)
    } finally {
      for (const cursor of cursors) cursor.close()
    }
  }

  /** Opens the reading of a channel; answers its gap, if it cannot be read from there. */
  async #openCursor(
    { channel, after }: ReadFrom,
    end: ChannelEnd,
    until: number,
    look: Look,
    cursors: ChannelCursor[],
    deadline: Deadline,
  ): Promise<Gap | undefined> {
    const gap = async (reason: Gap['reason']): Promise<Gap> => {
      return { channel, reason, earliest: await this.#ends.earliest(end, look, deadline) }
    }
    if (after > look.head) return gap('ahead')
    if (end.offset <= after) return undefined
    if (after < look.floor) return gap('trimmed')
    if (until <= after)
      return (await this.#ends.earliest(end, look, deadline)) > after ? gap('trimmed') : undefined
    const scan = await Scan.open(
      this.#link,
      this.#api,
      { stream: this.#stream, subject: end.subject, from: { seq: after + 1 } },
      deadline,
    )
    const cursor = new ChannelCursor(channel, scan, after, Math.min(until, end.offset))
    cursors.push(cursor)
    const [trimmed] = await Promise.all([this.#ends.trimmed(channel, look, deadline), cursor.fill(deadline)])
    if (after >= trimmed && !this.#isHidden(end, look, cursor.first, scan.pending)) return undefined
    cursors.splice(cursors.indexOf(cursor), 1)
    cursor.close()
    return gap('trimmed')
  }

  /** Whether the first of a channel's newest `count` messages is no longer shown. */
  #isHidden(end: ChannelEnd, look: Look, oldest: StreamMessage | undefined, count: number): boolean {
    if (!oldest) return false
    return count > end.count || oldest.seq <= look.hidden || oldest.storedAt <= this.#ends.cutoff(end)
  }

  /** Reads a stretch whole, and picks what is of these channels. */
  async #readStretch(
    from: readonly ReadFrom[],
    bounds: ReadLimits,
    until: number,
    look: Look,
    deadline: Deadline,
  ): Promise<LogPage> {
    const stretch = new Stretch(from, bounds, until, look.epoch)
    if (stretch.reached < until) await this.#scanStretch(stretch, deadline)
    const found = await inParallel(from, ({ channel, after }) => {
      return this.#gapInStretch(channel, after, stretch.first(channel), look, deadline)
    })
    const gaps = found.filter((gap) => gap !== undefined)
    return stretch.page.end(stretch.reached, stretch.more, gaps, look)
  }

  async #scanStretch(stretch: Stretch, deadline: Deadline): Promise<void> {
    const from = { seq: stretch.reached + 1 }
    const scan = await Scan.open(this.#link, this.#api, { stream: this.#stream, from }, deadline)
    try {
      let size = shortStretch
      while (!stretch.done) {
        deadline.assert()
        const messages = await scan.next(size, deadline)
        for (const message of messages) stretch.take(message)
        size = pullAfter(messages)
      }
    } finally {
      scan.close()
    }
  }

  /** Only where the stretch holds something of a channel, something of it can be missing. */
  async #gapInStretch(
    channel: string,
    after: number,
    first: StreamMessage | undefined,
    look: Look,
    deadline: Deadline,
  ): Promise<Gap | undefined> {
    const ahead = after > look.head
    if (!first && !ahead) return undefined
    const end = await this.#ends.end(channel, look, deadline)
    const hidden = first !== undefined && this.#isHidden(end, look, first, 1)
    const bound = ahead || hidden || Number.isFinite(end.count)
    const kept = bound
      ? await this.#ends.earliest(end, look, deadline)
      : await this.#ends.trimmed(channel, look, deadline)
    if (ahead) return { channel, reason: 'ahead', earliest: kept }
    return kept > after ? { channel, reason: 'trimmed', earliest: kept } : undefined
  }
}

/** The events of a page, within its bounds. */
class Page {
  readonly #bounds: ReadLimits
  readonly #events: StoredEvent[] = []
  #bytes = 0

  constructor(bounds: ReadLimits) {
    this.#bounds = bounds
  }

  get reached(): number {
    return this.#events.at(-1)?.offset ?? 0
  }

  /** Whether one more event fits; the first always does. */
  takes({ data }: StreamMessage): boolean {
    if (this.#events.length === 0) return true
    return this.#events.length < this.#bounds.events && this.#bytes + data.length <= this.#bounds.bytes
  }

  add(event: StoredEvent): void {
    this.#events.push(event)
    this.#bytes += payloadSize(event.payload)
  }

  end(reached: number, more: boolean, gaps: readonly Gap[], { head }: Look): LogPage {
    const withGap = new Set(gaps.map(({ channel }) => channel))
    const events = this.#events.filter(({ channel }) => !withGap.has(channel))
    return { events, reached, more, gaps, head }
  }
}

/** What a stretch of the log holds of some channels. */
class Stretch {
  readonly page: Page
  readonly #until: number
  readonly #epoch: string
  readonly #starts: ReadonlyMap<string, number>
  /** By channel: the offset of the last event that was taken. */
  readonly #prev = new Map<string, number>()
  readonly #firsts = new Map<string, StreamMessage>()
  #scanned = 0
  reached: number
  /** There is an event that no longer fitted, or something that was not looked at. */
  more = false

  constructor(from: readonly ReadFrom[], bounds: ReadLimits, until: number, epoch: string) {
    this.page = new Page(bounds)
    this.#epoch = epoch
    this.#until = until
    this.#starts = new Map(from.map(({ channel, after }) => [channel, after]))
    this.reached = Math.min(until, ...from.map(({ after }) => after))
  }

  get done(): boolean {
    return this.more || this.reached >= this.#until
  }

  /** A channel's first message after its start. */
  first(channel: string): StreamMessage | undefined {
    return this.#firsts.get(channel)
  }

  take(message: StreamMessage): void {
    if (this.done) return
    if (message.seq > this.#until) {
      this.reached = this.#until
      return
    }
    const channel = epochOf(message.subject) === this.#epoch ? channelOf(message.subject) : undefined
    const start = channel === undefined ? undefined : this.#starts.get(channel)
    if (start !== undefined && message.seq > start && !this.#add(channel!, start, message)) {
      this.more = true
      return
    }
    this.reached = message.seq
    if (++this.#scanned >= passedOver && this.reached < this.#until) this.more = true
  }

  #add(channel: string, start: number, message: StreamMessage): boolean {
    if (!this.page.takes(message)) return false
    if (!this.#firsts.has(channel)) this.#firsts.set(channel, message)
    const prev = this.#prev.get(channel) ?? start
    this.page.add(eventOf(channel, message.head!, message.data, message.seq, prev))
    this.#prev.set(channel, message.seq)
    return true
  }
}

/** The reading whose next event is the oldest. */
async function nextOf(
  cursors: readonly ChannelCursor[],
  deadline: Deadline,
): Promise<ChannelCursor | undefined> {
  const dry = cursors.filter((cursor) => cursor.first === undefined)
  if (dry.length > 0) await Promise.all(dry.map((cursor) => cursor.fill(deadline)))
  let next: ChannelCursor | undefined
  for (const cursor of cursors) {
    if (cursor.first && (!next || cursor.first.seq < next.first!.seq)) next = cursor
  }
  return next
}
