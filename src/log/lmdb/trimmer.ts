import { type Aged, expiredUpTo, type LogAge } from './ages.ts'
import { keysUpTo, offsetsFrom } from './channel-index.ts'
import type { ChannelRecord } from './channel-records.ts'
import { damaged } from './damage.ts'
import { decodeEventHead, type EventHead } from './format.ts'
import type { Ledger } from './ledger.ts'
import { namesEnd, offsetsEnd } from './store.ts'

/** At most so many events go in one commit, beside as many as came: a slice of a few milliseconds. */
const slice = 256
/** So many channels at a time are looked at for events that are too old for them alone. */
const sweptAtOnce = 500

/**
 * Takes what is too much or too old out of the file, in slices, each within one commit, and after the appends of that
 * commit. It reads what is on disk: what one commit both brings and makes too much goes with the next.
 */
export class Trimmer {
  readonly #ledger: Ledger
  readonly #age: LogAge
  readonly #overfull: Set<string>
  /** What this commit has taken out already. */
  readonly #gone = new Set<number>()
  /** The channels that it took something of. */
  readonly #touched = new Set<ChannelRecord>()
  #left = 0
  #sweptTo: Uint8Array = new Uint8Array([0])

  constructor(ledger: Ledger, age: LogAge, overfull: Set<string>) {
    this.#ledger = ledger
    this.#age = age
    this.#overfull = overfull
  }

  /** Whether there is more than there is to be. */
  due(now: number): boolean {
    const { state, limits } = this.#ledger
    return (
      this.#overfull.size > 0 ||
      state.empties > limits.channels ||
      state.events > limits.events ||
      (state.bytes > limits.bytes && state.events > 1) ||
      this.#oldestExpired(now)
    )
  }

  /** Adds one slice to the commit that is being made, which brings `appends` events. */
  trim(now: number, appends: number): void {
    this.#gone.clear()
    this.#left = slice + 2 * appends
    this.#forget()
    for (const name of this.#overfull) {
      if (this.#left <= 0) break
      if (this.#trimChannel(name, now)) this.#overfull.delete(name)
    }
    if (this.#left > 0) this.#trimLog(now)
    this.#tidyIndex()
  }

  /** Takes out of the index what holds none but offsets that are gone. */
  #tidyIndex(): void {
    const { store, changes } = this.#ledger
    for (const { prefix, gone } of this.#touched) {
      for (const offset of keysUpTo(store, prefix, gone)) changes.remove(store.index, { prefix, offset })
    }
    this.#touched.clear()
  }

  /** Looks at some channels, in turn, for events that are too old for them. */
  sweep(now: number): void {
    const { store, state, records } = this.#ledger
    if (!state.aging) return
    let last: Uint8Array | undefined
    let seen = 0
    for (const name of store.channels.getKeys({ start: this.#sweptTo, end: namesEnd, limit: sweptAtOnce })) {
      last = name
      seen++
      const record = records.get(Buffer.from(name).toString(), state.floor)
      if (record.count > record.keepCount || this.#expired(record, now) > record.gone)
        this.#overfull.add(record.name)
    }
    this.#sweptTo = last && seen === sweptAtOnce ? last : new Uint8Array([0])
  }

  #oldestExpired(now: number): boolean {
    const expired = this.#age.expired(now)
    if (expired === 0) return false
    for (const offset of this.#ledger.store.events.getKeys({ start: 0, limit: 1 })) return offset <= expired
    return false
  }

  /** Up to which offset a channel's events are gone, or too old for it. */
  #expired(record: ChannelRecord, now: number): number {
    return channelExpired(this.#ledger.store, record, record.gone, now)
  }

  /** Whether the channel has been trimmed as far as it has to be. */
  #trimChannel(name: string, now: number): boolean {
    const { store, state, records } = this.#ledger
    const record = records.get(name, state.floor)
    let excess = record.count - record.keepCount
    const expired = this.#expired(record, now)
    for (const offset of offsetsFrom(store, record.prefix, record.gone + 1)) {
      if (excess <= 0 && offset > expired) return true
      if (this.#left <= 0) return false
      const value = store.events.get(offset)
      if (value === undefined) throw damaged(`event ${offset}`)
      this.#drop(record, offset, decodeEventHead(value, offset))
      excess--
    }
    // What is left over came with this commit.
    return record.count <= record.keepCount
  }

  #trimLog(now: number): void {
    const { store, state, limits, records } = this.#ledger
    const expired = this.#age.expired(now)
    const enough = () => state.events <= limits.events && (state.bytes <= limits.bytes || state.events <= 1)
    for (const { key, value } of store.events.getRange({ start: 0, limit: this.#left + this.#gone.size })) {
      if (this.#left <= 0 || (key > expired && enough())) return
      if (this.#gone.has(key)) continue
      const head = decodeEventHead(value, key)
      this.#drop(records.get(head.channel, state.floor), key, head)
    }
  }

  #drop(record: ChannelRecord, offset: number, head: EventHead): void {
    const { store, state, records, changes } = this.#ledger
    this.#left--
    this.#gone.add(offset)
    changes.remove(store.events, offset)
    state.events--
    state.bytes -= head.bytes
    record.count--
    record.gone = offset
    this.#touched.add(record)
    records.touch(record)
    if (record.count > 0) return
    changes.put(store.empties, record.last, record.nameBytes)
    state.empties++
  }

  /** Nothing may be forgotten silently: from now on a channel without a record counts as one that went this far. */
  #forget(): void {
    const { store, state, limits, records, changes } = this.#ledger
    const excess = Math.min(state.empties - limits.channels, this.#left)
    if (excess <= 0) return
    let forgotten = 0
    for (const { key, value } of store.empties.getRange({ start: 0, end: offsetsEnd })) {
      if (forgotten === excess) return
      const record = records.get(value.toString(), state.floor)
      // This commit brings it an event.
      if (record.count > 0) continue
      forgotten++
      records.forget(record)
      changes.remove(store.empties, key)
      state.floor = Math.max(state.floor, key)
      state.empties--
      this.#left--
    }
  }
}

/** Up to which offset a channel's events are too old for it; `after` when none behind it is. */
export function channelExpired(
  store: Ledger['store'],
  { prefix, keepMs }: { prefix: Uint8Array; keepMs: number },
  after: number,
  now: number,
): number {
  if (keepMs === Number.POSITIVE_INFINITY) return after
  const first = (from: number): Aged | undefined => {
    for (const offset of offsetsFrom(store, prefix, from)) {
      const value = store.events.get(offset)
      if (value === undefined) throw damaged(`event ${offset}`)
      return { offset, stamp: decodeEventHead(value, offset).stamp }
    }
    return undefined
  }
  return expiredUpTo(first, after, now - keepMs)
}
