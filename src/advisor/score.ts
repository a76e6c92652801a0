import type { Constants } from './constants.ts'
import { type Cost, costOf } from './costs.ts'
import { type Crossover, crossoverOf } from './crossover.ts'
import type { Facts, Network } from './inputs.ts'
import { type AdvisedTransport, transports } from './transports.ts'

/** How much each part of the score weighs; bytes alone never decide. */
export const weights = {
  latency: 0.35,
  reliability: 0.25,
  server: 0.15,
  complexity: 0.2,
  bytes: 0.05,
} as const

/** An option that is left, with its score: 1 is the best there could be. */
export interface RankedOption {
  readonly transport: AdvisedTransport
  readonly score: number
  /** The penalties of which the score is made, 0 to 1 each, not yet weighed. */
  readonly parts: Readonly<Record<keyof typeof weights | 'crossover', number>>
  /** Absent for what is not ours to count. */
  readonly cost: Cost | undefined
}

type Path = 'sse' | 'websocket' | 'long-poll' | 'plain'

/** Assumed shares of clients whose path breaks a transport, until a measurement says otherwise. */
const brokenPaths: Readonly<Record<Network, Readonly<Record<Path, number>>>> = {
  open: { sse: 0.015, websocket: 0.02, 'long-poll': 0.002, plain: 0.001 },
  mixed: { sse: 0.04, websocket: 0.05, 'long-poll': 0.005, plain: 0.002 },
  corporate: { sse: 0.1, websocket: 0.15, 'long-poll': 0.01, plain: 0.005 },
  hotel: { sse: 0.08, websocket: 0.1, 'long-poll': 0.02, plain: 0.01 },
  mobile: { sse: 0.03, websocket: 0.03, 'long-poll': 0.005, plain: 0.003 },
  satellite: { sse: 0.03, websocket: 0.03, 'long-poll': 0.01, plain: 0.005 },
  datacentre: { sse: 0.001, websocket: 0.001, 'long-poll': 0.001, plain: 0.001 },
}

/** More than the sum of the points of any option and what rules add to it. */
const mostPoints = 4
/** One client’s share of a processor where a thousand fill it, in microseconds a second. */
const fullShare = 1000
/** The gap that the crossover closes where nothing else sets the two apart. */
const smallestGap = 0.05

/** Ranks options by what they cost, the best first; ties by name, so that the order in which they are asked does not tell. */
export function rank(
  options: readonly AdvisedTransport[],
  facts: Facts,
  constants: Constants,
  points: Readonly<Partial<Record<AdvisedTransport, number>>>,
): RankedOption[] {
  const crossover = crossoverOf(facts, constants)
  const plain = options.map((option) => scoreOf(option, facts, constants, points[option] ?? 0))
  return plain
    .map((option) => withCrossover(option, plain, facts, crossover))
    .sort((a, b) => b.score - a.score || a.transport.localeCompare(b.transport))
}

function scoreOf(
  transport: AdvisedTransport,
  facts: Facts,
  constants: Constants,
  extra: number,
): RankedOption {
  const cost = costOf(transport, facts, constants)
  const parts = {
    latency:
      cost === undefined
        ? 0
        : latencyPenalty(facts.direction === 'up' ? cost.upMs : cost.downMs, facts.latencyMs),
    reliability: brokenShare(transport, facts),
    server: cost === undefined ? 0 : Math.min(1, serverTime(transport, cost, facts, constants) / fullShare),
    complexity: Math.max(0, transports[transport].points + extra) / mostPoints,
    bytes: cost === undefined ? 0 : Math.min(1, cost.bytesPerSecond / 20_000),
    crossover: 0,
  }
  const keys = Object.keys(weights) as (keyof typeof weights)[]
  return { transport, score: 1 - keys.reduce((sum, key) => sum + weights[key] * parts[key], 0), parts, cost }
}

/** A little for using up the time there is, much for missing it. */
function latencyPenalty(lateMs: number, wantedMs: number): number {
  const used = lateMs / wantedMs
  return Math.min(1, 0.25 * Math.min(1, used) + Math.max(0, used - 1) ** 2)
}

/** Of messages up over POST the crossover speaks; here they would count twice. */
function serverTime(transport: AdvisedTransport, cost: Cost, facts: Facts, { cpu }: Constants): number {
  return transport === 'sse+post' ? cost.cpu - facts.requestRate * cpu.post : cost.cpu
}

function brokenShare(transport: AdvisedTransport, { network, failures }: Facts): number {
  const path = pathOf(transport)
  return (path === 'plain' ? undefined : failures[path]) ?? brokenPaths[network][path]
}

function pathOf(transport: AdvisedTransport): Path {
  if (transport === 'sse' || transport === 'sse+post') return 'sse'
  return transport === 'websocket' || transport === 'long-poll' ? transport : 'plain'
}

/**
 * What POSTs cost against frames, in units of the crossover: at the crossover it is all that SSE had ahead of the
 * WebSocket, so that the answer turns exactly there.
 */
function withCrossover(
  option: RankedOption,
  all: readonly RankedOption[],
  { direction, requestRate }: Facts,
  { perSecond }: Crossover,
): RankedOption {
  if (direction !== 'both' || option.transport === 'websocket') return option
  const [post, socket] = ['sse+post', 'websocket'].map(
    (name) => all.find(({ transport }) => transport === name)?.score,
  )
  const gap = post === undefined || socket === undefined ? 0 : post - socket
  const penalty = Math.min(0.5, Math.max(smallestGap, gap) * (requestRate / perSecond))
  return { ...option, score: option.score - penalty, parts: { ...option.parts, crossover: penalty } }
}
