import { decodeEventHead } from './format.ts'
import type { Store } from './store.ts'

/** Where an event stands, and by which time it is old. */
export interface Aged {
  readonly offset: number
  readonly stamp: number
}

/** The first event of the log from an offset on. */
function firstEvent(store: Store, from: number): Aged | undefined {
  for (const { key, value } of store.events.getRange({ start: from, limit: 1 })) {
    return { offset: key, stamp: decodeEventHead(value, key).stamp }
  }
  return undefined
}

/**
 * The newest offset up to which every event has a stamp of `oldest` or before: `after` if the next one is younger.
 * Stamps never go back, so it is found in steps that double, then halve: what has expired is not read through.
 */
export function expiredUpTo(
  first: (from: number) => Aged | undefined,
  after: number,
  oldest: number,
): number {
  let low = after
  let step = 1
  let high = Number.POSITIVE_INFINITY
  while (high - low > 1) {
    const probe = high === Number.POSITIVE_INFINITY ? low + step : Math.floor((low + high) / 2)
    const event = first(probe)
    if (event === undefined || event.offset >= high || event.stamp > oldest) high = probe
    else low = event.offset
    step *= 2
  }
  return low
}

/** How often at most what has expired is looked for, in milliseconds. */
const lookEveryMs = 20

/** Up to which offset the events of the log are too old. They are gone for readers at once; the file follows. */
export class LogAge {
  readonly #store: Store
  readonly #ageMs: number
  #expired = 0
  #nextLook: number

  constructor(store: Store, ageMs: number) {
    this.#store = store
    this.#ageMs = ageMs
    this.#nextLook = ageMs === Number.POSITIVE_INFINITY ? ageMs : 0
  }

  /** Every event up to the answered offset has expired. */
  expired(now: number): number {
    if (now < this.#nextLook) return this.#expired
    const first = (from: number) => firstEvent(this.#store, from)
    this.#expired = expiredUpTo(first, this.#expired, now - this.#ageMs)
    const next = first(this.#expired + 1)?.stamp ?? now
    this.#nextLook = Math.max(next + this.#ageMs, now + lookEveryMs)
    return this.#expired
  }

  /** A time before which nothing more expires. */
  get nextLook(): number {
    return this.#nextLook
  }
}
