import { open, type RootDatabase } from 'lmdb'

/** Where events of a channel stand: the channel's bytes with their length before them, and the first offset. */
export interface IndexKey {
  readonly prefix: Uint8Array
  readonly offset: number
}

/** A stretch of a table: from `start`, without `end`, `limit` entries of it; from its end with `reverse`. */
export interface Stretch<Key> {
  readonly start?: Key
  readonly end?: Key
  readonly limit?: number
  readonly reverse?: boolean
}

/** A table of the file. What is read in one turn is of one moment. */
export interface Table<Key> {
  get(key: Key): Buffer | undefined
  put(key: Key, value: Uint8Array, options?: { append: true }): Promise<unknown>
  remove(key: Key): Promise<unknown>
  getRange(stretch: Stretch<Key>): Iterable<{ key: Key; value: Buffer }>
  getKeys(stretch: Stretch<Key>): Iterable<Key>
}

/**
 * The tables of a log. All of them stand in one of LMDB, each under keys with a first byte of its own: a commit then
 * writes the root and the branches of one tree, and what is small of several tables shares a page.
 */
export interface Store {
  readonly folder: string
  readonly root: RootDatabase<Buffer, Uint8Array>
  /** One of each: `state`, `owner`. */
  readonly log: Table<Uint8Array>
  /** By offset. */
  readonly events: Table<number>
  /** The offsets of each channel: see `channel-index.ts`. */
  readonly index: Table<IndexKey>
  /** By name. */
  readonly channels: Table<Uint8Array>
  /** The names of channels of which nothing is kept, by their last offset. */
  readonly empties: Table<number>
  /** Idempotency keys, as many as one commit brought, by a number that rises. */
  readonly keys: Table<number>
}

/** The first byte of each table's keys. Events are the last, so that new ones go to the end of the file's order. */
const first = { log: 1, keys: 2, empties: 3, channels: 4, index: 5, events: 6 }

/** Behind every offset, and behind every name. A stretch of a table that is not the last one needs an end. */
export const offsetsEnd = Number.MAX_SAFE_INTEGER
export const namesEnd = new Uint8Array([0xff])

/** The highest byte of an offset is always zero: the table's stands there. */
const offsetKey = (table: number) => ({
  writeKey(offset: number, target: Uint8Array, start: number) {
    const end = writeOffset(offset, target, start)
    target[start] = table
    return end
  },
  readKey: (target: Uint8Array, start: number) => readOffset(target, start),
})

const bytesKey = (table: number) => ({
  writeKey(bytes: Uint8Array, target: Uint8Array, start: number) {
    target[start] = table
    target.set(bytes, start + 1)
    return start + 1 + bytes.length
  },
  readKey: (target: Uint8Array, start: number, end: number) => target.slice(start + 1, end),
})

const indexKey = {
  writeKey({ prefix, offset }: IndexKey, target: Uint8Array, start: number) {
    target[start] = first.index
    target.set(prefix, start + 1)
    return writeOffset(offset, target, start + 1 + prefix.length)
  },
  readKey: (target: Uint8Array, start: number, end: number): IndexKey => ({
    prefix: target.slice(start + 1, end - 8),
    offset: readOffset(target, end - 8),
  }),
}

/** The name of the table that every file of LMDB has: none, whatever its types say. */
const itself = null as unknown as string

/** Opens the tables in a folder, and makes those that are not there. */
export function openStore(path: string): Store {
  const options = {
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    // A folder, whatever its name looks like.
    noSubdir: false,
    // By default a value is readable before it is on disk, and one that a failed fsync refused can be read afterwards.
    overlappingSync: false,
    // One commit is one batch, made by the log itself.
    eventTurnBatching: false,
  } as const
  const root = open<Buffer, Uint8Array>(options)
  const table = <Key>(keys: { keyEncoder: object }) =>
    root.openDB({ encoding: 'binary', name: itself, ...keys }) as unknown as Table<Key>
  return {
    folder: path,
    root,
    log: table({ keyEncoder: bytesKey(first.log) }),
    events: table({ keyEncoder: offsetKey(first.events) }),
    index: table({ keyEncoder: indexKey }),
    channels: table({ keyEncoder: bytesKey(first.channels) }),
    empties: table({ keyEncoder: offsetKey(first.empties) }),
    keys: table({ keyEncoder: offsetKey(first.keys) }),
  }
}

/** The bytes before the offset in the index of a channel: the length first, so that no channel is the start of another. */
export function indexPrefix(name: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(2 + name.length)
  prefix[0] = name.length >>> 8
  prefix[1] = name.length
  prefix.set(name, 2)
  return prefix
}

/** Eight bytes, the highest first, so that the order of the bytes is the order of the offsets. */
function writeOffset(offset: number, target: Uint8Array, start: number): number {
  const high = Math.floor(offset / 0x1_0000_0000)
  target[start] = high >>> 24
  target[start + 1] = high >>> 16
  target[start + 2] = high >>> 8
  target[start + 3] = high
  target[start + 4] = offset >>> 24
  target[start + 5] = offset >>> 16
  target[start + 6] = offset >>> 8
  target[start + 7] = offset
  return start + 8
}

function readOffset(bytes: Uint8Array, start: number): number {
  const high = (bytes[start + 1]! << 16) + (bytes[start + 2]! << 8) + bytes[start + 3]!
  const low =
    bytes[start + 4]! * 0x100_0000 + (bytes[start + 5]! << 16) + (bytes[start + 6]! << 8) + bytes[start + 7]!
  return high * 0x1_0000_0000 + low
}
