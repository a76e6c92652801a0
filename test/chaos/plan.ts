import { createHash } from 'node:crypto'
import { seededRandom } from '../../src/testing/clock.ts'

/** One cut: the connection that carries byte number `bytes` since the cut before it, and its rest, is cut right there. */
export interface Cut {
  /** A reset, an orderly end in the middle of a message, or silence both ways with both sockets left open. */
  readonly kind: 'rst' | 'fin' | 'stall'
  /** Whose byte it is: the client's (up) or the server's (down). */
  readonly way: 'up' | 'down'
  readonly bytes: number
  /**
   * For how long bytes flow downward again before any are counted, in milliseconds: a line that is cut
   * whenever its client begins to catch up lets nothing through, however sound the client.
   */
  readonly restMs: number
  /** For how long every new connection is then answered 502, in milliseconds; 0 for not at all. */
  readonly outageMs: number
}

/** How dense the cuts of a plan are. */
export interface Spacing {
  /** The bytes that a cut lets pass, at most, by its way. @default 2500 up, 40000 down */
  readonly reach?: { readonly up: number; readonly down: number }
  /** @default 1000 */
  readonly longestRestMs?: number
}

const kinds = ['rst', 'fin', 'stall'] as const
const ways = ['up', 'down'] as const

/** Every how many cuts a 502 begins, and for how long. */
const outages = { every: 40, ms: 3000 }

/** Plans `count` cuts out of a seed, each kind and each way in equal shares. The same seed gives the same cuts. */
export function planCuts(seed: number, count: number, spacing: Spacing = {}): Cut[] {
  const { reach = { up: 2500, down: 40_000 }, longestRestMs = 1000 } = spacing
  const random = seededRandom(seed)
  const pairs = kinds.flatMap((kind) => ways.map((way) => ({ kind, way })))
  const cuts: Cut[] = []
  while (cuts.length < count) {
    for (const { kind, way } of shuffled(pairs, random)) {
      // Half of the cuts fall early, where handshakes, heads and first messages are.
      const bytes = 1 + Math.floor(random() * random() * reach[way])
      const restMs = random() < 1 / 3 ? 0 : Math.floor(random() * longestRestMs)
      cuts.push({ kind, way, bytes, restMs, outageMs: random() * outages.every < 1 ? outages.ms : 0 })
    }
  }
  return cuts.slice(0, count)
}

/** A short name for a list of cuts, to see that two runs made the same. */
export function digest(cuts: readonly Cut[]): string {
  return createHash('sha256').update(JSON.stringify(cuts)).digest('hex').slice(0, 16)
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!)
}
