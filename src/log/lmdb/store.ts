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

/** The tables of a log. Their names carry the version of what is in them. */
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

const offsetKey = {
  writeKey: (offset: number, target: Uint8Array, start: number) => writeOffset(offset, target, start),
  readKey: (target: Uint8Array, start: number) => readOffset(target, start),
}

const indexKey = {
  writeKey({ prefix, offset }: IndexKey, target: Uint8Array, start: number) {
    target.set(prefix, start)
    return writeOffset(offset, target, start + prefix.length)
  },
  readKey: (target: Uint8Array, start: number, end: number): IndexKey => ({
    prefix: target.slice(start, end - 8),
    offset: readOffset(target, end - 8),
  }),
}

/** Opens the tables in a folder, and makes those that are not there. */
export function openStore(path: string): Store {
  const options = {
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    // A folder, whatever its name looks like.
    noSubdir: false,
    maxDbs: 8,
    // By default a value is readable before it is on disk, and one that a failed fsync refused can be read afterwards.
    overlappingSync: false,
    // One commit is one batch, made by the log itself.
    eventTurnBatching: false,
  } as const
  const root = open<Buffer, Uint8Array>(options)
  const table = <Key>(name: string, keys: object) =>
    root.openDB({ encoding: 'binary', name, ...keys }) as unknown as Table<Key>
  // In one transaction: each of its own would wait for the disk.
  return root.transactionSync(() => ({
    folder: path,
    root,
    log: table('log.1', { keyEncoding: 'binary' }),
    events: table('events.1', { keyEncoder: offsetKey }),
    index: table('index.1', { keyEncoder: indexKey }),
    channels: table('channels.1', { keyEncoding: 'binary' }),
    empties: table('empties.1', { keyEncoder: offsetKey }),
    keys: table('keys.1', { keyEncoder: offsetKey }),
  }))
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
  const word = (at: number) =>
    bytes[at]! * 0x100_0000 + (bytes[at + 1]! << 16) + (bytes[at + 2]! << 8) + bytes[at + 3]!
  return word(start) * 0x1_0000_0000 + word(start + 4)
}
