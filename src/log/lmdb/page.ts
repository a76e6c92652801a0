import type { Gap, LogPage, ReadLimits, StoredEvent } from '../../hub/channel-log.ts'
import { payloadSize } from '../../protocol/index.ts'
import { Heap } from '../heap.ts'
import type { ChannelCursor } from './channel-cursor.ts'

/** Merges channels by offset into one page. */
export function mergePage(
  channels: readonly ChannelCursor[],
  bounds: ReadLimits,
  head: number,
  gaps: readonly Gap[],
): LogPage {
  const until = Math.min(bounds.until ?? Number.POSITIVE_INFINITY, head)
  const cursors = new Heap<ChannelCursor>()
  for (const cursor of channels) if (cursor.event) cursors.add(cursor)
  const events = merge(cursors, until, bounds)
  const more = cursors.first !== undefined && cursors.first.rank <= until
  return { events, reached: more ? events.at(-1)!.offset! : until, more, gaps, head }
}

function merge(cursors: Heap<ChannelCursor>, until: number, bounds: ReadLimits): StoredEvent[] {
  const events: StoredEvent[] = []
  let bytes = 0
  for (let cursor = cursors.first; cursor && cursor.rank <= until; cursor = cursors.first) {
    const event = cursor.event!
    bytes += payloadSize(event.payload)
    if (events.length > 0 && (events.length >= bounds.events || bytes > bounds.bytes)) break
    events.push(event)
    cursor.advance()
    if (cursor.event) cursors.moved(cursor)
    else cursors.remove(cursor)
  }
  return events
}
