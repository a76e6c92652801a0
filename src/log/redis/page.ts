import type { Gap, LogPage, ReadFrom, ReadLimits, StoredEvent } from '../../hub/channel-log.ts'
import { payloadSize } from '../../protocol/index.ts'
import { Heap, type Heaped } from '../heap.ts'
import { eventOf } from './entry.ts'
import { type Reply, textOf } from './reply.ts'

/** What one step of reading answers: the head, and for each channel where it has a gap or what comes next. */
export interface Stretch {
  readonly head: number
  readonly channels: readonly Reply[]
}

/** Reads the next stretch of these channels, up to an offset, as much as is wanted of all together. */
export type ReadStretch = (
  from: readonly ReadFrom[],
  until: number | undefined,
  limits: { events: number; bytes: number },
) => Promise<Stretch>

/** How often what a channel has beyond its first stretch is fetched for one page; a page may end early. */
const fetches = 4

/** What was fetched of a channel and not yet given: `rank` is the offset of the event at `index`. */
interface Cursor extends Heaped {
  readonly channel: string
  events: readonly StoredEvent[]
  index: number
  more: boolean
}

/** Reads one page: a stretch of each channel, merged by offset. */
export async function readPage(
  read: ReadStretch,
  from: readonly ReadFrom[],
  bounds: ReadLimits,
): Promise<LogPage> {
  const first = await read(from, bounds.until, bounds)
  const until = Math.min(bounds.until ?? Number.POSITIVE_INFINITY, first.head)
  const gaps: Gap[] = []
  const cursors = new Heap<Cursor>()
  from.forEach(({ channel, after }, i) => {
    const answer = first.channels[i]!
    if (typeof answer === 'number') {
      gaps.push({ channel, reason: after > first.head ? 'ahead' : 'trimmed', earliest: answer })
    } else {
      const cursor = { channel, events: [], index: 0, more: false, rank: 0, place: -1 }
      if (fill(cursor, answer as readonly Reply[])) cursors.add(cursor)
    }
  })
  const events = await merge(cursors, bounds, (channel, after, left) =>
    read([{ channel, after }], until, left).then(({ channels }) => channels[0]!),
  )
  const more = cursors.first !== undefined
  return { events, reached: more ? events.at(-1)!.offset! : until, more, gaps, head: first.head }
}

/** Takes over what was fetched; `false` when it was nothing. */
function fill(cursor: Cursor, [more, entries]: readonly Reply[]): boolean {
  const flat = entries as readonly Reply[]
  const events: StoredEvent[] = []
  for (let i = 0; i < flat.length; i += 4) {
    const [id, prev, time] = [textOf(flat[i]), textOf(flat[i + 1]), textOf(flat[i + 2])]
    events.push(eventOf(cursor.channel, { id, prev, time }, flat[i + 3] as Buffer))
  }
  if (events.length === 0) return false
  Object.assign(cursor, { events, index: 0, more: more === 1, rank: events[0]!.offset })
  return true
}

type Fetch = (channel: string, after: number, left: { events: number; bytes: number }) => Promise<Reply>

async function merge(cursors: Heap<Cursor>, bounds: ReadLimits, fetch: Fetch): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  let bytes = 0
  let fetched = 0
  for (let cursor = cursors.first; cursor; cursor = cursors.first) {
    const event = cursor.events[cursor.index]
    if (event) {
      const size = payloadSize(event.payload)
      if (events.length > 0 && (events.length >= bounds.events || bytes + size > bounds.bytes)) break
      bytes += size
      events.push(event)
    }
    if (advance(cursor, cursors)) continue
    if (fetched++ === fetches) break
    const after = cursor.events.at(-1)!.offset!
    const left = { events: bounds.events - events.length, bytes: Math.max(1, bounds.bytes - bytes) }
    const next = await fetch(cursor.channel, after, left)
    // Trimmed meanwhile: the page ends here, and who reads on is told.
    if (typeof next === 'number') break
    if (fill(cursor, next as readonly Reply[])) cursors.moved(cursor)
    else cursors.remove(cursor)
  }
  return events
}

/** Goes to a channel's next event; `false` when it has to be fetched. */
function advance(cursor: Cursor, cursors: Heap<Cursor>): boolean {
  const next = cursor.events[++cursor.index]
  if (next) {
    cursor.rank = next.offset!
    cursors.moved(cursor)
    return true
  }
  if (cursor.more) return false
  cursors.remove(cursor)
  return true
}
