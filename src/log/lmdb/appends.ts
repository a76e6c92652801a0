import type { Appended, NewEvent, Retention, StoredEvent } from '../../hub/channel-log.ts'
import { FairleadError, formatPosition, type Position } from '../../protocol/index.ts'
import type { KeyedAppend } from '../keyed-append.ts'
import { encodeEvent, keepingBytes } from './format.ts'
import type { LastingKeys } from './keys.ts'
import type { Ledger } from './ledger.ts'

/** An append that waits for its commit. */
export interface WaitingAppend {
  readonly event: NewEvent
  readonly keyed: KeyedAppend | undefined
  readonly after: Position | undefined
  readonly retention: Retention
  resolve(answer: Appended): void
  reject(error: unknown): void
}

/** What becomes of an append when its commit is on disk. */
export interface Outcome {
  readonly append: WaitingAppend
  /** What it appended; nothing when it was refused or repeated. */
  readonly event: StoredEvent | undefined
  readonly answer: Appended | undefined
  readonly error: unknown
}

/** Answers an append. */
export function settle({ append, answer, error }: Outcome): void {
  if (answer) append.resolve(answer)
  else append.reject(error)
}

/** Decides appends one after the other, each as if those before it were on disk: they are answered together. */
export class Appends {
  readonly #ledger: Ledger
  readonly #keys: LastingKeys
  /** Channels that have more events than they are to keep. */
  readonly #overfull: Set<string>

  constructor(ledger: Ledger, keys: LastingKeys, overfull: Set<string>) {
    this.#ledger = ledger
    this.#keys = keys
    this.#overfull = overfull
  }

  decide(append: WaitingAppend, now: number): Outcome {
    try {
      return this.#decide(append, now)
    } catch (error) {
      return { append, event: undefined, answer: undefined, error }
    }
  }

  #decide(append: WaitingAppend, now: number): Outcome {
    const { keyed, event } = append
    // Before the expected position, which the first append of the same key has itself passed.
    const first = keyed && this.#keys.find(keyed)
    if (first) return this.#outcome(append, undefined, first.offset)
    this.#assertNothingAfter(append.after, event.channel)
    if (keyed) this.#keys.assertRoom()
    const stored = this.#store(append, now)
    if (keyed) this.#keys.add(keyed, stored.offset)
    return this.#outcome(append, stored, stored.offset)
  }

  #store({ event, retention }: WaitingAppend, now: number): StoredEvent {
    const { channel, event: name, payload, tag } = event
    if (retention === 'none') return { channel, offset: null, prev: 0, event: name, payload, time: now, tag }
    const { state, store, records, changes } = this.#ledger
    const record = records.get(event.channel, state.floor)
    const offset = ++state.head
    state.stamp = Math.max(state.stamp, now)
    const kept = { channel, offset, prev: record.last, event: name, payload, time: now, tag }
    const value = encodeEvent(kept, record.nameBytes, state.stamp)
    changes.append(store.events, offset, value)
    record.fresh.push(offset)
    if (record.stored && record.count === 0) {
      changes.remove(store.empties, record.last)
      state.empties--
    }
    record.stored = true
    record.last = offset
    record.count++
    record.keepCount = retention.count ?? Number.POSITIVE_INFINITY
    record.keepMs = retention.ageMs ?? Number.POSITIVE_INFINITY
    records.touch(record)
    state.events++
    state.bytes += keepingBytes(value, record.nameBytes.length)
    if (record.count > record.keepCount) this.#overfull.add(record.name)
    if (record.keepMs !== Number.POSITIVE_INFINITY) state.aging = true
    return kept
  }

  #assertNothingAfter(after: Position | undefined, channel: string): void {
    if (after === undefined) return
    const { state, records } = this.#ledger
    const { last, count } = records.get(channel, state.floor)
    if (after.epoch === state.epoch && after.offset >= last) return
    // Of an empty channel the record may be forgotten before this is tried again: then it counts as further than it is.
    const position = count > 0 ? last : state.head
    throw new FairleadError('conflict', 'The channel went on after the position that was expected.', {
      position: formatPosition(state.epoch, position),
    })
  }

  #outcome(append: WaitingAppend, event: StoredEvent | undefined, offset: number | null): Outcome {
    const { epoch } = this.#ledger.state
    const answer: Appended = { offset, epoch, durability: 'disk', repeated: event === undefined }
    return { append, event, answer, error: undefined }
  }
}
