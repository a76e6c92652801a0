import { crc32 } from 'node:zlib'
import type { StoredEvent } from '../../hub/channel-log.ts'
import { damaged } from './damage.ts'

/** The version of all that stands in the file. A newer one is refused when a log is opened. */
export const formatVersion = 1

/** An event that has an offset. */
export type KeptEvent = StoredEvent & { readonly offset: number }

/** What is known of a channel. */
export interface ChannelState {
  /** The newest offset of the channel. */
  last: number
  /** How many of its events are in the file. */
  count: number
  /** Those up to this offset are not in the file any more. */
  gone: number
  /** What its latest append said that it keeps; `Infinity` without a bound. */
  keepCount: number
  keepMs: number
}

/*
 * An event: checksum (4 bytes), version (1), flags (1), lengths of channel, name and tag (2 each), prev, time and stamp
 * (8 each), then channel, name, tag and payload.
 */
const eventHead = 36
const carriesBytes = 1
const hasTag = 2

/** The channel of an event in the bytes in which it is written, and the event. `stamp` never goes back; `time` may. */
export function encodeEvent(event: KeptEvent, channel: Uint8Array, stamp: number): Buffer {
  const { payload, tag } = event
  const text = typeof payload === 'string'
  const nameBytes = Buffer.byteLength(event.event)
  const tagBytes = tag === undefined ? 0 : Buffer.byteLength(tag)
  const payloadBytes = text ? Buffer.byteLength(payload) : payload.length
  const nameAt = eventHead + channel.length
  const payloadAt = nameAt + nameBytes + tagBytes
  const bytes = Buffer.allocUnsafe(payloadAt + payloadBytes)
  bytes[4] = formatVersion
  bytes[5] = (text ? 0 : carriesBytes) | (tag === undefined ? 0 : hasTag)
  bytes.writeUInt16LE(channel.length, 6)
  bytes.writeUInt16LE(nameBytes, 8)
  bytes.writeUInt16LE(tagBytes, 10)
  bytes.writeDoubleLE(event.prev, 12)
  bytes.writeDoubleLE(event.time, 20)
  bytes.writeDoubleLE(stamp, 28)
  bytes.set(channel, eventHead)
  bytes.write(event.event, nameAt, 'utf8')
  if (tag) bytes.write(tag, nameAt + nameBytes, 'utf8')
  if (text) bytes.write(payload, payloadAt, 'utf8')
  else bytes.set(payload, payloadAt)
  return seal(bytes, event.offset)
}

/** The event that was written under an offset. Throws when it is not what was written. */
export function decodeEvent(value: Uint8Array, offset: number): KeptEvent {
  const bytes = eventBytes(value, offset)
  const nameAt = eventHead + bytes.readUInt16LE(6)
  const tagAt = nameAt + bytes.readUInt16LE(8)
  const payloadAt = tagAt + bytes.readUInt16LE(10)
  const flags = bytes[5]!
  return {
    channel: bytes.toString('utf8', eventHead, nameAt),
    offset,
    prev: bytes.readDoubleLE(12),
    event: bytes.toString('utf8', nameAt, tagAt),
    payload:
      (flags & carriesBytes) === 0
        ? bytes.toString('utf8', payloadAt)
        : new Uint8Array(bytes.subarray(payloadAt)),
    time: bytes.readDoubleLE(20),
    tag: (flags & hasTag) === 0 ? undefined : bytes.toString('utf8', tagAt, payloadAt),
  }
}

/** What trimming needs of an event. */
export interface EventHead {
  readonly channel: string
  readonly prev: number
  readonly stamp: number
  readonly bytes: number
}

/** The head of an event that was written under an offset. Throws when it is not what was written. */
export function decodeEventHead(value: Uint8Array, offset: number): EventHead {
  const bytes = eventBytes(value, offset)
  return {
    channel: bytes.toString('utf8', eventHead, eventHead + bytes.readUInt16LE(6)),
    prev: bytes.readDoubleLE(12),
    stamp: bytes.readDoubleLE(28),
    bytes: keepingBytes(bytes, bytes.readUInt16LE(6)),
  }
}

/** What keeping an event takes in the file, with its place in the two lists that it stands in (measured, rounded up). */
export function keepingBytes(value: Uint8Array, channelBytes: number): number {
  return value.length + channelBytes + 64
}

function eventBytes(value: Uint8Array, offset: number): Buffer {
  const bytes = unseal(value, offset, `event ${offset}`)
  if (bytes.length < eventHead || bytes[4] !== formatVersion) throw damaged(`event ${offset}`)
  return bytes
}

const channelBytes = 48

/** A channel's state; `name` is mixed into the checksum. */
export function encodeChannel(name: Uint8Array, state: ChannelState): Buffer {
  const bytes = Buffer.alloc(channelBytes)
  bytes[4] = formatVersion
  bytes.writeDoubleLE(state.last, 8)
  bytes.writeDoubleLE(state.count, 16)
  bytes.writeDoubleLE(state.keepCount, 24)
  bytes.writeDoubleLE(state.keepMs, 32)
  bytes.writeDoubleLE(state.gone, 40)
  return seal(bytes, crc32(name))
}

export function decodeChannel(name: Uint8Array, value: Uint8Array): ChannelState {
  const bytes = unseal(value, crc32(name), 'the record of a channel')
  if (bytes.length !== channelBytes || bytes[4] !== formatVersion) throw damaged('the record of a channel')
  return {
    last: bytes.readDoubleLE(8),
    count: bytes.readDoubleLE(16),
    keepCount: bytes.readDoubleLE(24),
    keepMs: bytes.readDoubleLE(32),
    gone: bytes.readDoubleLE(40),
  }
}

/** A small object as text with a checksum before it. */
export function encodeObject(object: unknown): Buffer {
  return seal(Buffer.from(`    ${JSON.stringify(object)}`), 0)
}

/** What `encodeObject` wrote; `what` names it in the error. */
export function decodeObject(value: Uint8Array, what: string): unknown {
  return JSON.parse(unseal(value, 0, what).toString('utf8', 4))
}

/** Puts the checksum of all but its first four bytes there. `seed` makes it wrong in another place than its own. */
export function seal(bytes: Buffer, seed: number): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(4), seed >>> 0), 0)
  return bytes
}

export function unseal(value: Uint8Array, seed: number, what: string): Buffer {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (bytes.length < 4 || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4), seed >>> 0)) throw damaged(what)
  return bytes
}
