import type { Gap, LogPage, ReadFrom, ReadLimits, StoredEvent } from '../../hub/channel-log.ts'
import { payloadSize } from '../../protocol/index.ts'
import { Heap, type Heaped } from '../heap.ts'
import type { KeptEvents } from './kept-events.ts'

/** Where the reading of one channel stands: `rank` is the offset of the event at `index`. */
interface Cursor extends Heaped {
  readonly channel: string
  index: number
}

/** Reads one page: seeks each channel's start, then merges the channels by offset. */
export function readPage(kept: KeptEvents, from: readonly ReadFrom[], bounds: ReadLimits): LogPage {
  const until = Math.min(bounds.until ?? Number.POSITIVE_INFINITY, kept.head)
  const gaps: Gap[] = []
  const cursors = new Heap<Cursor>()
  for (const start of from) {
    const gap = gapAt(kept, start)
    if (gap) gaps.push(gap)
    else open(kept, start, cursors)
  }
  const events = merge(kept, cursors, until, bounds)
  const more = cursors.first !== undefined && cursors.first.rank <= until
  return { events, reached: more ? events.at(-1)!.offset! : until, more, gaps, head: kept.head }
}

function gapAt(kept: KeptEvents, { channel, after }: ReadFrom): Gap | undefined {
  const earliest = kept.earliest(channel)
  if (after > kept.head) return { channel, reason: 'ahead', earliest }
  return after < earliest ? { channel, reason: 'trimmed', earliest } : undefined
}

function open(kept: KeptEvents, { channel, after }: ReadFrom, cursors: Heap<Cursor>): void {
  const index = seek(kept, channel, after)
  const event = kept.at(channel, index)
  if (event) cursors.add({ channel, index, rank: event.offset, place: -1 })
}

/** The index of a channel's first kept event above `offset`; how many are kept when there is none. */
function seek(kept: KeptEvents, channel: string, offset: number): number {
  let low = 0
  let high = kept.count(channel)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (kept.at(channel, middle)!.offset <= offset) low = middle + 1
    else high = middle
  }
  return low
}

function merge(kept: KeptEvents, cursors: Heap<Cursor>, until: number, bounds: ReadLimits): StoredEvent[] {
  const events: StoredEvent[] = []
  let bytes = 0
  for (let cursor = cursors.first; cursor && cursor.rank <= until; cursor = cursors.first) {
    const event = kept.at(cursor.channel, cursor.index)!
    bytes += payloadSize(event.payload)
    if (events.length > 0 && (events.length >= bounds.events || bytes > bounds.bytes)) break
    events.push(event)
    advance(kept, cursor, cursors)
  }
  return events
}

function advance(kept: KeptEvents, cursor: Cursor, cursors: Heap<Cursor>): void {
  const next = kept.at(cursor.channel, ++cursor.index)
  if (!next) {
    cursors.remove(cursor)
    return
  }
  cursor.rank = next.offset
  cursors.moved(cursor)
}
