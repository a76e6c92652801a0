import type { Clock } from '../../hub/clock.ts'
import { FairleadError } from '../../protocol/index.ts'

/** The time by which a call has to have its answer. */
export class Deadline {
  readonly #clock: Clock
  readonly #at: number

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#at = clock.now() + ms
  }

  /** Milliseconds left; 0 when it has passed. */
  get left(): number {
    return Math.max(0, this.#at - this.#clock.now())
  }

  /** Throws `unavailable` when the time is over. */
  assert(): void {
    if (this.left === 0) throw outOfReach()
  }

  /** Waits, but not beyond the deadline; then throws. */
  async pause(ms: number): Promise<void> {
    const left = this.left
    await new Promise<void>((resolve) => this.#clock.after(Math.min(ms, left), resolve))
    this.assert()
  }

  /** The outcome of `work`, or `unavailable` when it does not come in time; what comes later is dropped. */
  async race<T>(work: Promise<T>): Promise<T> {
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(this.left, () => reject(outOfReach()))
    })
    try {
      return await Promise.race([work, late])
    } finally {
      cancel()
    }
  }
}

/** NATS did not answer in time; for an append that was sent: whether it was done is not known. */
export function outOfReach(cause?: unknown): FairleadError {
  return new FairleadError(
    'unavailable',
    'NATS did not answer in time: try again, an append with its idempotency key.',
    { cause },
  )
}
