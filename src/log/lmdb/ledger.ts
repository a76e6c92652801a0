import { Changes } from './changes.ts'
import { ChannelRecords } from './channel-records.ts'
import { type LogState, stateEntry } from './state.ts'
import type { Store } from './store.ts'

/** What a log keeps at most. */
export interface KeepLimits {
  readonly events: number
  /** In the file, in bytes. */
  readonly bytes: number
  readonly ageMs: number
  /** Records of channels of which nothing is kept. */
  readonly channels: number
}

/**
 * Where the log stands as the commit that is being made will leave it. One commit at a time: between two of them this
 * is what is on disk, so what is decided from it holds, and a commit that fails is undone by going back to it.
 */
export class Ledger {
  readonly store: Store
  readonly limits: KeepLimits
  readonly records: ChannelRecords
  state: LogState
  changes = new Changes()
  #before: LogState

  constructor(store: Store, state: LogState, limits: KeepLimits) {
    this.store = store
    this.limits = limits
    this.state = state
    this.#before = { ...state }
    this.records = new ChannelRecords(store)
  }

  /** The newest offset that is on disk. */
  get durableHead(): number {
    return this.#before.head
  }

  /** Writes all changes as one; resolves when they are on disk, and rejects with everything as it was. */
  async commit(): Promise<void> {
    this.records.write(this.changes)
    this.changes.put(this.store.log, ...stateEntry(this.state))
    try {
      await this.changes.commit(this.store)
      this.#before = { ...this.state }
      this.records.committed()
    } catch (error) {
      this.undo()
      throw error
    } finally {
      this.changes = new Changes()
    }
  }

  /** Forgets all changes since the last commit. */
  undo(): void {
    this.state = { ...this.#before }
    this.records.reset()
    this.changes = new Changes()
  }
}
