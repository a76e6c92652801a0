/** How much goes one way. */
export interface FlowRate {
  /** Messages a second of one client. */
  readonly perSecond: number
  /** The size of one payload. @default 200 */
  readonly bytes?: number
}

/**
 * What an application says of a channel's flow, so that the transport is chosen by it (docs/advisor.md). All of it is an
 * estimate: server and client measure what really flows and say so where it differs.
 */
export interface FlowDeclaration {
  /** From the server to one client. @default 0.2 a second */
  readonly down?: FlowRate
  /** From one client to the server. @default nothing */
  readonly up?: FlowRate
  /** How late a message may be, one way, for nineteen of twenty, in milliseconds. @default 1000 */
  readonly latencyMs?: number
  /** Whether payloads are bytes, and how often. @default 'none' */
  readonly binary?: 'none' | 'occasional' | 'continuous'
  /** `strict`: in one order in both directions. @default 'per-flow' */
  readonly order?: 'none' | 'per-flow' | 'strict'
}
