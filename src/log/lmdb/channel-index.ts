import type { Store } from './store.ts'

/** An offset in a value of the index, in bytes. */
const width = 8

/**
 * The offsets of each channel. What one commit brings of a channel stands in one value under the first of its offsets:
 * an event then costs a commit one write, and not two.
 */
export function packOffsets(offsets: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(offsets.length * width)
  for (const [i, offset] of offsets.entries()) bytes.writeDoubleLE(offset, i * width)
  return bytes
}

/** A channel's offsets from one on, in order. */
export function* offsetsFrom(store: Store, prefix: Uint8Array, from: number): Generator<number> {
  for (const { value } of store.index.getRange(stretch(prefix, firstKey(store, prefix, from)))) {
    const bytes = view(value)
    for (let at = 0; at < bytes.length; at += width) {
      const offset = bytes.readDoubleLE(at)
      if (offset >= from) yield offset
    }
  }
}

/** A channel's offsets, the newest first, down to one above `after`. */
export function* offsetsBack(store: Store, prefix: Uint8Array, after: number): Generator<number> {
  const { start, end } = stretch(prefix, 0)
  for (const { value } of store.index.getRange({ start: end, end: start, reverse: true })) {
    const bytes = view(value)
    for (let at = bytes.length - width; at >= 0; at -= width) {
      const offset = bytes.readDoubleLE(at)
      if (offset <= after) return
      yield offset
    }
  }
}

/** The keys of a channel's values that hold nothing above an offset. */
export function* keysUpTo(store: Store, prefix: Uint8Array, offset: number): Generator<number> {
  for (const { key, value } of store.index.getRange(stretch(prefix, 0))) {
    if (view(value).readDoubleLE(value.length - width) > offset) return
    yield key.offset
  }
}

/** The key of the value in which an offset would stand: the last one that is not above it. */
function firstKey(store: Store, prefix: Uint8Array, from: number): number {
  const before = { start: { prefix, offset: from }, end: { prefix, offset: 0 }, reverse: true, limit: 1 }
  for (const key of store.index.getKeys(before)) return key.offset
  return from
}

function stretch(prefix: Uint8Array, from: number) {
  return { start: { prefix, offset: from }, end: { prefix, offset: Number.MAX_SAFE_INTEGER } }
}

function view(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
