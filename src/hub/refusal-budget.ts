import { type ErrorCode, FairleadError, statusOf } from '../protocol/index.ts'
import type { Clock } from './clock.ts'

/** How many refusals an address may cause in how long. */
export interface RefusalOptions {
  /** Refusals within `windowMs` after which the address is answered 429, before anything is looked at. */
  readonly count: number
  /** The window in milliseconds, and how long the address is then answered so. */
  readonly windowMs: number
}

/** Refusals with these codes come to honest clients by the course of things; every other 4xx counts. */
const honest: ReadonlySet<string> = new Set<ErrorCode>([
  'conflict',
  'idempotency_mismatch',
  'token_expired',
  'rate_limited',
])

/** Addresses that are remembered: the one whose window began longest ago goes first. */
const remembered = 10_000

interface Window {
  refusals: number
  began: number
}

/**
 * Counts what each address was refused. One that was refused too often is turned away before its next request costs
 * anything, until a window has passed: checking a forged token costs more than forging it.
 */
export class RefusalBudget {
  readonly #options: RefusalOptions | false
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(options: RefusalOptions | false, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#windows.size
  }

  /** A request, a message or a connection of this address was refused with this code. */
  count(address: string | undefined, code: ErrorCode): void {
    if (!this.#options || address === undefined || !counts(code)) return
    const window = this.#window(address)
    if (!window) return this.#begin(address)
    window.refusals++
    // The hundredth begins the time in which the address is turned away.
    if (window.refusals === this.#options.count) window.began = this.#clock.now()
  }

  /** How long this address is still turned away, in milliseconds; 0 when it is not. */
  waitMs(address: string | undefined): number {
    if (!this.#options || address === undefined || this.#windows.size === 0) return 0
    const window = this.#window(address)
    if (!window || window.refusals < this.#options.count) return 0
    return window.began + this.#options.windowMs - this.#clock.now()
  }

  /** The window that is open. One that seems to begin in the future is of before the wall clock was set back. */
  #window(address: string): Window | undefined {
    const window = this.#windows.get(address)
    if (!window) return undefined
    const age = this.#clock.now() - window.began
    if (age >= 0 && age < (this.#options as RefusalOptions).windowMs) return window
    this.#windows.delete(address)
    return undefined
  }

  #begin(address: string): void {
    this.#windows.set(address, { refusals: 1, began: this.#clock.now() })
    if (this.#windows.size > remembered) this.#windows.delete(this.#windows.keys().next().value!)
  }
}

function counts(code: ErrorCode): boolean {
  const status = statusOf(code)
  return status >= 400 && status < 500 && !honest.has(code)
}

/** A refusal that passes after so long, in milliseconds. */
export function tooMuch(message: string, retryAfterMs = 1_000): FairleadError {
  return new FairleadError('rate_limited', message, { retryAfterMs })
}
