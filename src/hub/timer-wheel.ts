import type { Clock } from './clock.ts'

/** A deadline in the wheel. */
export interface WheelEntry {
  /**
   * Whether time in which the process stood still counts for it as well: for what only says something. What ends something
   * gives everyone the time back that they could not be heard in.
   */
  readonly countsStalls?: boolean
  /** Called when the delay is over; schedule again from inside for a repetition. */
  due(): void
}

/** A turn that comes later than this, in ticks, comes after a stall. */
const stallTicks = 10

/**
 * One timer for all heartbeats and deadlines of a process. Thousands of connections own no timer: each stands in a
 * slot, and the wheel turns one slot a tick while anything stands in it. Delays are kept to within one tick.
 */
export class TimerWheel {
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #slots: Set<Slot>[]
  readonly #where = new Map<WheelEntry, Slot>()
  #hand = 0
  #turned = 0
  #cancel: (() => void) | undefined
  #next = 0

  constructor(clock: Clock, tickMs = 100, slots = 512) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new Set())
  }

  /** Calls `entry.due` after `delayMs`; an entry already scheduled is moved. */
  schedule(entry: WheelEntry, delayMs: number): void {
    this.cancel(entry)
    const ticks = Math.max(1, Math.ceil(delayMs / this.#tickMs))
    const index = (this.#hand + ticks) % this.#slots.length
    const slot: Slot = { entry, rounds: Math.floor((ticks - 1) / this.#slots.length), index }
    this.#slots[index]!.add(slot)
    this.#where.set(entry, slot)
    if (!this.#cancel) {
      this.#next = this.#clock.now() + this.#tickMs
      this.#arm()
    }
  }

  cancel(entry: WheelEntry): void {
    const slot = this.#where.get(entry)
    if (!slot) return
    this.#where.delete(entry)
    this.#slots[slot.index]!.delete(slot)
  }

  /** Milliseconds that the wheel has turned or stood still; moves while anything stands in it. Cheaper than the clock. */
  get turnedMs(): number {
    return this.#turned
  }

  /** How many entries stand in the wheel. */
  get size(): number {
    return this.#where.size
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#where.clear()
    for (const slot of this.#slots) slot.clear()
  }

  #arm(): void {
    const waitMs = Math.min(Math.max(0, this.#next - this.#clock.now()), this.#tickMs)
    this.#cancel = this.#clock.after(waitMs, () => this.#turn())
  }

  #turn(): void {
    this.#cancel = undefined
    this.#turned += this.#tickMs
    this.#hand = (this.#hand + 1) % this.#slots.length
    const now = this.#clock.now()
    const late = Math.floor((now - this.#next) / this.#tickMs)
    if (late > stallTicks) this.#stalled(late)
    // A stalled process turns one slot a tick afterwards, too: deadlines are late together, never all at once. A clock
    // that was set back must not hold the wheel until it is as late again.
    this.#next = Math.min(Math.max(this.#next, now - this.#tickMs), now) + this.#tickMs
    for (const slot of [...this.#slots[this.#hand]!]) {
      if (slot.rounds-- > 0 || this.#where.get(slot.entry) !== slot) continue
      this.cancel(slot.entry)
      slot.entry.due()
    }
    if (this.#where.size > 0 && !this.#cancel) this.#arm()
  }

  /** Counts the stall for those that count stalls: what was due within it is called at once, the others come sooner. */
  #stalled(ticks: number): void {
    this.#turned += ticks * this.#tickMs
    const count = this.#slots.length
    for (const [entry, { index, rounds }] of [...this.#where]) {
      const left = ((index - this.#hand + count) % count) + rounds * count
      // What stands in this turn's slot is called anyway.
      if (!entry.countsStalls || left === 0) continue
      if (left > ticks) this.schedule(entry, (left - ticks) * this.#tickMs)
      else {
        this.cancel(entry)
        entry.due()
      }
    }
  }
}

interface Slot {
  readonly entry: WheelEntry
  rounds: number
  readonly index: number
}
