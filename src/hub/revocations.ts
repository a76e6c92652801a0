import type { Identity } from './authorise.ts'

const most = 100_000

/** Users whose earlier credentials count no more. */
export class Revocations {
  readonly #keptMs: number
  /** The moment before which a user's credentials are void, the longest known first. */
  readonly #before = new Map<string, number>()

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  add(user: string, at: number): void {
    this.#before.delete(user)
    this.#before.set(user, at)
    for (const [oldest, since] of this.#before) {
      if (at - since < this.#keptMs && this.#before.size <= most) return
      this.#before.delete(oldest)
    }
  }

  /**
   * Whether credentials that were issued at `issuedAt` (milliseconds) are void. Those that do not say when they were
   * issued are taken for as old as the connection that brought them.
   */
  covers(who: Identity | null, issuedAt: number): boolean {
    const before = who?.id === undefined ? undefined : this.#before.get(who.id)
    return before !== undefined && issuedAt <= before
  }
}
