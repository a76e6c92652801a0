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
  /** The wheel's own: the neighbours in its slot, and the tick that it is due at. An entry stands in one wheel at a time. */
  next?: WheelEntry | undefined
  previous?: WheelEntry | undefined
  tick?: number
}

/** An entry that there is one of for each connection: its place is part of it, so that standing in the wheel costs nothing. */
export abstract class Deadline implements WheelEntry {
  next: WheelEntry | undefined = undefined
  previous: WheelEntry | undefined = undefined
  tick = 0

  abstract due(): void
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
  readonly #slots: Slot[]
  #size = 0
  /** Ticks that the wheel has turned. */
  #hand = 0
  #turned = 0
  #cancel: (() => void) | undefined
  #next = 0

  constructor(clock: Clock, tickMs = 100, slots = 512) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new Slot())
  }

  /** Calls `entry.due` after `delayMs`; an entry already scheduled is moved. */
  schedule(entry: WheelEntry, delayMs: number): void {
    this.cancel(entry)
    const ticks = Math.max(1, Math.ceil(delayMs / this.#tickMs))
    entry.tick = this.#hand + ticks
    this.#slots[entry.tick % this.#slots.length]!.add(entry)
    this.#size++
    if (!this.#cancel) {
      this.#next = this.#clock.now() + this.#tickMs
      this.#arm()
    }
  }

  cancel(entry: WheelEntry): void {
    const { next, previous } = entry
    if (!next || !previous) return
    previous.next = next
    next.previous = previous
    entry.next = undefined
    entry.previous = undefined
    this.#size--
  }

  /** Milliseconds that the wheel has turned or stood still; moves while anything stands in it. Cheaper than the clock. */
  get turnedMs(): number {
    return this.#turned
  }

  /** How many entries stand in the wheel. */
  get size(): number {
    return this.#size
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const entry of this.#entries()) this.cancel(entry)
  }

  #entries(): WheelEntry[] {
    return this.#slots.flatMap((slot) => slot.entries())
  }

  #arm(): void {
    const waitMs = Math.min(Math.max(0, this.#next - this.#clock.now()), this.#tickMs)
    this.#cancel = this.#clock.after(waitMs, () => this.#turn())
  }

  #turn(): void {
    this.#cancel = undefined
    this.#turned += this.#tickMs
    const hand = ++this.#hand
    const now = this.#clock.now()
    const late = Math.floor((now - this.#next) / this.#tickMs)
    if (late > stallTicks) this.#stalled(late)
    // A stalled process turns one slot a tick afterwards, too: deadlines are late together, never all at once. A clock
    // that was set back must not hold the wheel until it is as late again.
    this.#next = Math.min(Math.max(this.#next, now - this.#tickMs), now) + this.#tickMs
    for (const entry of this.#slots[hand % this.#slots.length]!.entries()) {
      // Another one's turn may have moved it.
      if (!entry.next || entry.tick !== hand) continue
      this.cancel(entry)
      entry.due()
    }
    if (this.#size > 0 && !this.#cancel) this.#arm()
  }

  /** Counts the stall for those that count stalls: what was due within it is called at once, the others come sooner. */
  #stalled(ticks: number): void {
    this.#turned += ticks * this.#tickMs
    for (const entry of this.#entries()) {
      const left = entry.next ? entry.tick! - this.#hand : 0
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

/** The entries that are due at the same place of the wheel, in whichever round: a ring that begins and ends in the slot. */
class Slot extends Deadline {
  constructor() {
    super()
    this.next = this
    this.previous = this
  }

  add(entry: WheelEntry): void {
    const last = this.previous!
    last.next = entry
    entry.previous = last
    entry.next = this
    this.previous = entry
  }

  /** Those that stand in it now. */
  entries(): WheelEntry[] {
    const all: WheelEntry[] = []
    for (let entry = this.next!; entry !== this; entry = entry.next!) all.push(entry)
    return all
  }

  due(): void {}
}
