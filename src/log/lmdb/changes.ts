import type { Store, Table } from './store.ts'

/** A write that is kept back, in a form that costs little to keep. */
interface Write {
  readonly table: Table<unknown>
  readonly key: unknown
  /** `undefined` takes the key away. */
  readonly value: Uint8Array | undefined
  readonly behind: boolean
}

/** Behind all that is in the table: fills its pages instead of leaving them half empty. */
const atTheEnd = { append: true } as const
const ignore = (): void => {}

/** What one commit is to write. Nothing is given to LMDB before all of it is known: half of it must never be written. */
export class Changes {
  readonly #writes: Write[] = []

  get size(): number {
    return this.#writes.length
  }

  put<Key>(table: Table<Key>, key: Key, value: Uint8Array): void {
    this.#writes.push({ table: table as Table<unknown>, key, value, behind: false })
  }

  /** Puts under a key that is greater than all that are in the table. */
  append(table: Table<number>, key: number, value: Uint8Array): void {
    this.#writes.push({ table: table as Table<unknown>, key, value, behind: true })
  }

  remove<Key>(table: Table<Key>, key: Key): void {
    this.#writes.push({ table: table as Table<unknown>, key, value: undefined, behind: false })
  }

  /** Writes all of it as one; resolves when it is on disk. */
  async commit(store: Store): Promise<void> {
    await store.root.batch(() => {
      for (const { table, key, value, behind } of this.#writes) {
        if (value === undefined) void table.remove(key)
        else if (!behind) void table.put(key, value)
        // This one has a promise of its own, which says no more than that of the whole.
        else table.put(key, value, atTheEnd).catch(ignore)
      }
    })
  }
}
