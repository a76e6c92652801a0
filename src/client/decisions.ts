import type { LivePlan } from '../advisor/live.ts'
import type { ClientState } from './client-state.ts'
import type { TransportName } from './transports/stream.ts'

/** What a client starts from: made when the page is built (`fairlead advise`), or by the server. */
export interface ConnectionPlan extends LivePlan {
  /** Why, in words. */
  readonly reason?: string
}

/**
 * - `auto`: changes the transport by what is measured.
 * - `suggest`: says what it would change, and changes only what does not work.
 * - `off`: asks for no plan, and changes only what does not work.
 */
export type ChangePolicy = 'auto' | 'suggest' | 'off'

/** One decision about the transport. */
export interface Decision {
  /** When, in milliseconds since the epoch. */
  readonly at: number
  /**
   * - `start`: the first stream opened.
   * - `plan`: there is a plan, or a new one.
   * - `move`: another transport suits the measured flow better.
   * - `suggest`: it would, and the policy leaves it to the application.
   * - `fallback`: the one in use does not work.
   * - `return`: a better one works again.
   * - `stay`: another one was to take over, and could not be opened.
   */
  readonly kind: 'start' | 'plan' | 'move' | 'suggest' | 'fallback' | 'return' | 'stay'
  readonly from?: TransportName | undefined
  readonly to?: TransportName | undefined
  /** For a developer, with the numbers. */
  readonly reason: string
}

/** What a client measured of its own connection. */
export interface MeasuredConnection {
  /** Of late: what was a minute ago counts a third. */
  readonly sendsPerSecond: number
  /** The mean payload, in UTF-16 units or bytes; 0 before the first send. */
  readonly sendBytes: number
  /** Since the client was made. */
  readonly events: number
  /** As they came over the stream, in bytes; 0 over long-poll, where they are not counted. */
  readonly receivedBytes: number
  /** From a send, or another request, to its answer, smoothed, in milliseconds. */
  readonly roundTripMs?: number | undefined
  /** From asking for the stream in use to its first message, in milliseconds. */
  readonly openMs?: number | undefined
  /** How often a stream in use ended, and how often by silence. */
  readonly cuts: number
  readonly silences: number
  /** Streams that a proxy was found to hold back. */
  readonly heldBack: number
}

/** Why a client reads as it does. */
export interface Explanation {
  readonly state: ClientState
  readonly policy: ChangePolicy
  /** Transports, the best first, as of now. */
  readonly order: readonly TransportName[]
  /** What `order` was made from; absent where the application named its transports. */
  readonly plan?: ConnectionPlan | undefined
  readonly measured: MeasuredConnection
  /** The last twenty, oldest first. */
  readonly decisions: readonly Decision[]
}
