import type { Clock } from '../../hub/clock.ts'

/** An announcement that was overtaken is waited for so long, in milliseconds; then it is read from the log. */
const patienceMs = 200
/** Announcements that wait for an earlier one, at most. */
const heldLimit = 10_000

/** Puts announcements that overtook each other back into the order of the log, in which no sequence is left out. */
export class AnnouncementOrder {
  readonly #clock: Clock
  readonly #missed: () => void
  #next: number | undefined
  readonly #held = new Map<number, () => void>()
  #cancelTimer: (() => void) | undefined

  /** `missed`: one never came. It has to be read before the later ones, which come right after this call. */
  constructor(clock: Clock, missed: () => void) {
    this.#clock = clock
    this.#missed = missed
  }

  /** Whether it is known where to go on. */
  get isGoing(): boolean {
    return this.#next !== undefined
  }

  /** Everything that waits is forgotten, and what comes waits until `from` says where to go on. */
  restart(): void {
    this.#next = undefined
    this.#held.clear()
    this.#patienceIsOver()
  }

  /** Everything up to `offset` is read from the log. */
  from(offset: number): void {
    this.#next = offset + 1
    for (const held of this.#held.keys()) if (held <= offset) this.#held.delete(held)
    this.#giveHeld()
  }

  take(offset: number, give: () => void): void {
    if (this.#next !== undefined && offset < this.#next) return
    this.#held.set(offset, give)
    if (offset === this.#next) this.#giveHeld()
    else if (this.#held.size > heldLimit) this.#giveUp()
    else if (this.#next !== undefined)
      this.#cancelTimer ??= this.#clock.after(patienceMs, () => this.#giveUp())
  }

  #giveHeld(): void {
    for (let give = this.#held.get(this.#next!); give; give = this.#held.get(this.#next!)) {
      this.#held.delete(this.#next!)
      this.#next!++
      give()
    }
    this.#patienceIsOver()
    if (this.#held.size > 0) this.#cancelTimer = this.#clock.after(patienceMs, () => this.#giveUp())
  }

  #giveUp(): void {
    this.#missed()
    const held = [...this.#held].sort(([one], [other]) => one - other)
    this.#held.clear()
    this.#patienceIsOver()
    if (held.length > 0) this.#next = held.at(-1)![0] + 1
    for (const [, give] of held) give()
  }

  #patienceIsOver(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
