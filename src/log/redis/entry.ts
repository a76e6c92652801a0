import type { NewEvent, StoredEvent } from '../../hub/channel-log.ts'
import { FairleadError } from '../../protocol/index.ts'

const newline = 10

/**
 * What an event is, apart from where it stands: `eventBytes tagBytes kind`, a line feed, and then name, tag and payload.
 * `tagBytes` is `-` without a tag; the kind is `t` or `b`. In a stream this is the field `e`, beside `p`, the id before
 * it in its channel, and `t`, the time.
 */
export function entryOf({ event, payload, tag }: NewEvent): string | Buffer {
  const text = typeof payload === 'string'
  const tagBytes = tag === undefined ? '-' : Buffer.byteLength(tag)
  const head = `${Buffer.byteLength(event)} ${tagBytes} ${text ? 't' : 'b'}\n${event}${tag ?? ''}`
  // Bytes are copied: the caller may fill its buffer again.
  return text ? head + payload : Buffer.concat([Buffer.from(head), payload])
}

/** Where an event stands: ids are `offset-0`, that of an event that is not kept is `-`. */
export interface Standing {
  readonly id: string
  readonly prev: string
  readonly time: string
}

/** The event of an entry. */
export function eventOf(channel: string, { id, prev, time }: Standing, entry: Buffer): StoredEvent {
  const end = entry.indexOf(newline)
  const [eventBytes, tagBytes, kind] = entry.toString('latin1', 0, Math.max(end, 0)).split(' ')
  const eventEnd = end + 1 + Number(eventBytes)
  const tagEnd = tagBytes === '-' ? eventEnd : eventEnd + Number(tagBytes)
  if (end < 0 || !(tagEnd <= entry.length) || (kind !== 't' && kind !== 'b')) throw damaged(channel, id)
  return {
    channel,
    offset: id === '-' ? null : Number.parseInt(id, 10),
    prev: Number.parseInt(prev, 10),
    event: entry.toString('utf8', end + 1, eventEnd),
    payload: kind === 't' ? entry.toString('utf8', tagEnd) : new Uint8Array(entry.subarray(tagEnd)),
    time: Number(time),
    tag: tagBytes === '-' ? undefined : entry.toString('utf8', eventEnd, tagEnd),
  }
}

/** The events of one announcement: the epoch in a line of its own, then `id length prev time`, a line feed and the entry of each. */
export function announcedEvents(channel: string, message: Buffer): { epoch: string; events: StoredEvent[] } {
  const start = message.indexOf(newline)
  const events: StoredEvent[] = []
  for (let at = start + 1; start >= 0 && at < message.length; ) {
    const end = message.indexOf(newline, at)
    const [id = '', length, prev = '', time = ''] = message.toString('latin1', at, end).split(' ')
    at = end + 1 + Number(length)
    if (end < 0 || !(at <= message.length)) throw damaged(channel, '')
    events.push(eventOf(channel, { id, prev, time }, message.subarray(end + 1, at)))
  }
  return { epoch: message.toString('latin1', 0, Math.max(start, 0)), events }
}

function damaged(channel: string, id: string): FairleadError {
  const where = id === '' ? '' : ` at ${id}`
  return new FairleadError(
    'internal',
    `An entry of ${channel}${where} is not one of this log's: who else writes there?`,
  )
}
