import { FairleadError } from '../../protocol/index.ts'
import { damaged } from './damage.ts'
import { decodeObject, encodeObject, formatVersion } from './format.ts'
import type { Store } from './store.ts'

/** Where a log stands, besides its events and channels. */
export interface LogState {
  readonly epoch: string
  /** The newest offset that was given. */
  head: number
  /** A channel without a record counts as one whose last offset is this. */
  floor: number
  /** How many events are in the file, and what keeping them takes. */
  events: number
  bytes: number
  /** How many channels have a record and no event. */
  empties: number
  /** Never below the time of an event: the clock may be set back, and what expires goes in the order of the log. */
  stamp: number
  /** The number of the newest keys. */
  keys: number
  /** Whether a channel was ever told to keep its events for a time of its own. */
  aging: boolean
  /** A random text of the latest opening: see `Place`. */
  readonly mark: string
}

const key = Buffer.from('state')

/** The state of a log that has never been used. */
export function newState(epoch: string, mark: string): LogState {
  return { epoch, head: 0, floor: 0, events: 0, bytes: 0, empties: 0, stamp: 0, keys: 0, aging: false, mark }
}

/** Reads the state; `undefined` in an empty file. Throws when it is of a newer version, or damaged. */
export function readState(store: Store): LogState | undefined {
  const value = store.log.get(key)
  if (value === undefined) return undefined
  const { format, ...state } = decodeObject(value, 'the state of the log') as LogState & { format: number }
  if (format > formatVersion) {
    throw new FairleadError(
      'unavailable',
      `The log was written in format ${format} by a newer version of fairlead; this one reads up to ${formatVersion}. Start the newer version again, or move the folder away.`,
    )
  }
  if (typeof state.head !== 'number') throw damaged('the state of the log')
  return state
}

/** The state as it is written. */
export function stateEntry(state: LogState): readonly [Uint8Array, Buffer] {
  return [key, encodeObject({ format: formatVersion, ...state })]
}
