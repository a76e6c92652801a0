/** What became of the shoppers' orders. */
export interface Tally {
  placed: number
  pieces: number
  cents: number
  /** Sent again with the same key on purpose, and answered with the first order. */
  repeated: number
  /** Refused because too few were left. */
  soldOut: number
  /** Tries that the shop did not answer; each was made again. */
  unreached: number
  failed: number
}

/** A tally with nothing in it. */
export function emptyTally(): Tally {
  return { placed: 0, pieces: 0, cents: 0, repeated: 0, soldOut: 0, unreached: 0, failed: 0 }
}

/** The tally in one line. */
export function writeTally(tally: Tally, seconds: number): string {
  const parts = [
    `${tally.placed} orders`,
    `${tally.pieces} pieces`,
    `€${(tally.cents / 100).toFixed(2)}`,
    `${tally.soldOut} sold out`,
    `${tally.repeated} sent twice`,
  ]
  if (tally.unreached > 0) parts.push(`${tally.unreached} unanswered`)
  if (tally.failed > 0) parts.push(`${tally.failed} failed`)
  return `${Math.round(seconds)} s: ${parts.join(', ')}`
}
