/** How much each experiment does. */
export interface ClaimsPlan {
  readonly name: 'quick' | 'full'
  /** Of everything that is timed. */
  readonly rounds: number
  /** Readers of one channel, for the latency of an event. */
  readonly readers: readonly number[]
  /** Events a round, at 20 a second. */
  readonly events: number
  /** How long a flood lasts. */
  readonly floodMs: number
  readonly floodConnections: readonly number[]
  readonly floodBytes: readonly number[]
  /** Events of each size, for bytes and CPU of base64. */
  readonly binaryEvents: number
  /** Idle connections, from few to many. */
  readonly idle: readonly number[]
  readonly idleRounds: number
  /** Tries behind the round robin. */
  readonly handshakes: number
  /** Messages up for bytes and CPU; and for each rate and round trip. */
  readonly upMessages: number
  readonly upSeconds: number
  readonly upRates: readonly number[]
  readonly orderMessages: number
  readonly orderPerSecond: number
}

/** Within a minute. */
export const quickPlan: ClaimsPlan = {
  name: 'quick',
  rounds: 3,
  readers: [1, 100, 1000],
  events: 8,
  floodMs: 150,
  floodConnections: [1, 100],
  floodBytes: [20, 1000],
  binaryEvents: 150,
  idle: [300, 600],
  idleRounds: 1,
  handshakes: 20,
  upMessages: 1000,
  upSeconds: 0.5,
  upRates: [10, 200],
  orderMessages: 150,
  orderPerSecond: 300,
}

/** Within six minutes. */
export const fullPlan: ClaimsPlan = {
  name: 'full',
  rounds: 5,
  readers: [1, 100, 1000],
  events: 16,
  floodMs: 400,
  floodConnections: [1, 100],
  floodBytes: [20, 100, 1000],
  binaryEvents: 2000,
  idle: [1000, 2000],
  idleRounds: 3,
  handshakes: 100,
  upMessages: 4000,
  upSeconds: 1.2,
  upRates: [10, 100, 200],
  orderMessages: 1000,
  orderPerSecond: 500,
}

/** The plan with at most so many connections at once, for a machine with few descriptors. */
export function atMost(plan: ClaimsPlan, connections: number): ClaimsPlan {
  const cap = (counts: readonly number[]): number[] => [
    ...new Set(counts.map((count) => Math.min(count, connections))),
  ]
  const most = cap(plan.idle).at(-1) ?? connections
  // Two sizes, so that what a process takes by itself is not counted as a connection's.
  const { readers, floodConnections } = plan
  return {
    ...plan,
    readers: cap(readers),
    floodConnections: cap(floodConnections),
    idle: [Math.ceil(most / 2), most],
  }
}
