import type { ChannelHead, Gap, LogPage, ReadFrom, ReadLimits } from '../../hub/channel-log.ts'
import { isFairleadError } from '../../protocol/index.ts'
import type { LogAge } from './ages.ts'
import { ChannelCursor } from './channel-cursor.ts'
import { offsetsBack, offsetsFrom } from './channel-index.ts'
import { readChannel } from './channel-records.ts'
import { failStop } from './commit-failure.ts'
import { damaged } from './damage.ts'
import { decodeEventHead, type KeptEvent } from './format.ts'
import { mergePage } from './page.ts'
import { type LogState, readState } from './state.ts'
import { indexPrefix, type Store } from './store.ts'
import { channelExpired } from './trimmer.ts'

/** A channel at the moment of a read. */
export interface ChannelView {
  readonly name: string
  readonly prefix: Uint8Array
  readonly last: number
  /** Everything up to here has expired, whether or not the file still holds it. */
  readonly expired: number
}

/** LMDB reads nothing more when it could not write where its newest pages are. */
function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isFairleadError(error)) throw error
    throw failStop(error)
  }
}

/** Reads what is on disk. Each read is of one moment, and holds nothing between two of them. */
export class Reader {
  readonly #store: Store
  readonly #age: LogAge

  constructor(store: Store, age: LogAge) {
    this.#store = store
    this.#age = age
  }

  state(): LogState {
    const state = attempt(() => readState(this.#store))
    if (state === undefined) throw damaged('the state of the log')
    return state
  }

  page(from: readonly ReadFrom[], bounds: ReadLimits, now: number): LogPage {
    return attempt(() => this.#page(from, bounds, now))
  }

  channelHead(channel: string, last: number, now: number): ChannelHead {
    return attempt(() => this.#channelHead(channel, last, now))
  }

  #page(from: readonly ReadFrom[], bounds: ReadLimits, now: number): LogPage {
    const state = this.state()
    const gaps: Gap[] = []
    const cursors: ChannelCursor[] = []
    for (const { channel, after } of from) {
      const view = this.#view(channel, state, now)
      const cursor = new ChannelCursor(this.#store, view, after, from.length === 1 ? bounds.events : 16)
      const gap = this.#gap(view, after, cursor.first, state.head)
      if (gap) gaps.push(gap)
      else cursors.push(cursor)
    }
    return mergePage(cursors, bounds, state.head, gaps)
  }

  #channelHead(channel: string, last: number, now: number): ChannelHead {
    const state = this.state()
    const view = this.#view(channel, state, now)
    return {
      epoch: state.epoch,
      offset: state.head,
      last: view.last,
      earliest: this.#earliest(view),
      newest: this.#newest(view, last),
    }
  }

  #view(name: string, state: LogState, now: number): ChannelView {
    const nameBytes = Buffer.from(name)
    const record = readChannel(this.#store, nameBytes)
    const prefix = indexPrefix(nameBytes)
    const expired = this.#age.expired(now)
    if (record === undefined) return { name, prefix, last: state.floor, expired }
    const { keepMs, gone } = record
    const own = channelExpired(this.#store, { prefix, keepMs }, Math.max(expired, gone), now)
    return { name, prefix, last: record.last, expired: own }
  }

  #gap(view: ChannelView, after: number, next: KeptEvent | undefined, head: number): Gap | undefined {
    const { name: channel } = view
    if (after > head) return { channel, reason: 'ahead', earliest: this.#earliest(view) }
    const complete = next ? next.prev <= after : view.last <= after
    return complete ? undefined : { channel, reason: 'trimmed', earliest: this.#earliest(view) }
  }

  #earliest({ prefix, expired, last }: ChannelView): number {
    for (const offset of offsetsFrom(this.#store, prefix, expired + 1)) return this.#prev(offset)
    return last
  }

  /** After which offset the newest `count` events come. */
  #newest({ prefix, expired, last }: ChannelView, count: number): number {
    if (count === 0) return last
    let oldest: number | undefined
    let found = 0
    for (const offset of offsetsBack(this.#store, prefix, expired)) {
      oldest = offset
      if (++found === count) break
    }
    return oldest === undefined ? last : this.#prev(oldest)
  }

  #prev(offset: number): number {
    const value = this.#store.events.get(offset)
    if (value === undefined) throw damaged(`event ${offset}`)
    return decodeEventHead(value, offset).prev
  }
}
