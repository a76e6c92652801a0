import type { Changes } from './changes.ts'
import { packOffsets } from './channel-index.ts'
import { type ChannelState, decodeChannel, encodeChannel } from './format.ts'
import { indexPrefix, type Store } from './store.ts'

/** How many records are held between commits: one that is not is read from the file again. */
const heldLimit = 20_000

/** A channel as the next commit will leave it. */
export interface ChannelRecord extends ChannelState {
  readonly name: string
  readonly nameBytes: Uint8Array
  readonly prefix: Uint8Array
  /** Whether it is in the file, or will be. */
  stored: boolean
  /** The offsets that this commit brings. */
  fresh: number[]
  changed: boolean
}

/** The channels' records, as the commit that is being made sees them. */
export class ChannelRecords {
  readonly #store: Store
  readonly #held = new Map<string, ChannelRecord>()
  readonly #changed: ChannelRecord[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** A channel's record; one that went as far as `floor` when it has none. */
  get(name: string, floor: number): ChannelRecord {
    const held = this.#held.get(name)
    if (held) {
      if (!held.stored) held.last = floor
      return held
    }
    const nameBytes = Buffer.from(name)
    const state = readChannel(this.#store, nameBytes)
    const record: ChannelRecord = {
      name,
      nameBytes,
      prefix: indexPrefix(nameBytes),
      ...(state ?? emptyState(floor)),
      stored: state !== undefined,
      fresh: [],
      changed: false,
    }
    this.#held.set(name, record)
    return record
  }

  /** Has a changed record written by this commit. */
  touch(record: ChannelRecord): void {
    if (record.changed) return
    record.changed = true
    this.#changed.push(record)
  }

  /** Takes the record of an empty channel away. */
  forget(record: ChannelRecord): void {
    record.stored = false
    this.touch(record)
  }

  write(changes: Changes): void {
    for (const record of this.#changed) {
      record.changed = false
      const { fresh, prefix } = record
      if (fresh.length > 0) {
        changes.put(this.#store.index, { prefix, offset: fresh[0]! }, packOffsets(fresh))
        record.fresh = []
      }
      if (record.stored) {
        changes.put(this.#store.channels, record.nameBytes, encodeChannel(record.nameBytes, record))
      } else {
        changes.remove(this.#store.channels, record.nameBytes)
      }
    }
    this.#changed.length = 0
  }

  /** The commit is on disk: what is held can be read from there. */
  committed(): void {
    if (this.#held.size > heldLimit) this.#held.clear()
  }

  /** The commit failed: what is held is not on disk. */
  reset(): void {
    this.#held.clear()
    this.#changed.length = 0
  }
}

/** What the file says of a channel. */
export function readChannel(store: Store, name: Uint8Array): ChannelState | undefined {
  const value = store.channels.get(name)
  return value && decodeChannel(name, value)
}

function emptyState(floor: number): ChannelState {
  return {
    last: floor,
    count: 0,
    gone: 0,
    keepCount: Number.POSITIVE_INFINITY,
    keepMs: Number.POSITIVE_INFINITY,
  }
}
