import { median } from '../rounds.ts'
import type { Figures } from './measure.ts'
import { type Aim, type Contestant, type Row, unitOf } from './row.ts'
import { subjects } from './subjects.ts'

/** Low, middle and high of some rounds. */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** What came of one contestant over all rounds. */
export interface Outcome {
  readonly title: string
  /** It is Fairlead, in one way or another. */
  readonly ours: boolean
  /** Of the row's figure; absent when it was not measured. */
  readonly value?: Spread
  /** Why not. */
  readonly notMeasured?: string
  /** Ours / this one, of each round's own two figures; this one / `against` where that is given. */
  readonly ratio?: Spread
  readonly against?: string
  readonly aim?: Aim
  /** Whether the median of the ratios reaches the aim; on the first line, that of the figures. */
  readonly reached?: boolean
  /** p99 of the delays, in milliseconds, and that of the last subscriber. */
  readonly p50?: Spread
  readonly p99?: Spread
  readonly last?: Spread
  readonly bytesPerEvent?: number
  /** The highest share of a core that server and load program took in a round. */
  readonly serverShare?: number
  readonly loadShare?: number
  /** What programs that are no part of the run took of the server's core, in the worst round. */
  readonly strangersShare?: number
  readonly lost?: number
}

/** One row of the report, as it stands in `results.json`. */
export interface RowResult {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly better: 'less' | 'more'
  readonly rounds: number
  readonly outcomes: readonly Outcome[]
}

/** The rounds of one contestant: figures, or why there are none. */
export type Rounds = readonly (Figures | string)[]

/** Puts the rounds of a row together; `runs` is in the order of its contestants. */
export function summarise(row: Row, runs: readonly Rounds[]): RowResult {
  return {
    name: row.name,
    title: row.title,
    ...unitOf(row),
    rounds: Math.max(...runs.map((rounds) => rounds.length)),
    outcomes: row.contestants.map((contestant, i) =>
      outcomeOf(contestant, runs[i] ?? [], compare(row, runs, i)),
    ),
  }
}

/** What a contestant is called in tables, charts and progress. */
export const titleOf = ({ subject, title }: Contestant): string => title ?? subjects[subject].title

type Compared = Pick<Outcome, 'ratio' | 'against' | 'aim' | 'reached'>

/** What stands on a line beside its figure. */
function compare({ contestants }: Row, runs: readonly Rounds[], i: number): Compared {
  const { aim, against } = contestants[i]!
  const [ours = [], theirs = []] = [runs[0], runs[i]]
  if (i === 0) return aim ? judge(spread(figuresOf(ours).map(({ value }) => value)), aim) : {}
  if (against === undefined) return ratioOf(ours, theirs, aim)
  const other = contestants.findIndex(({ subject, title }) => (title ?? subject) === against)
  if (other < 0) return {}
  return { ...ratioOf(theirs, runs[other] ?? [], aim), against: titleOf(contestants[other]!) }
}

function outcomeOf(contestant: Contestant, rounds: Rounds, compared: Compared): Outcome {
  const head = { title: titleOf(contestant), ours: contestant.subject === 'fairlead' }
  const figures = figuresOf(rounds)
  if (figures.length === 0) return { ...head, notMeasured: String(rounds[0] ?? 'it was not asked for') }
  const most = (of: (one: Figures) => number | undefined): number =>
    Math.max(...figures.map((one) => of(one) ?? 0))
  const bytes = figures[0]?.bytesPerEvent
  return {
    ...head,
    value: spread(figures.map(({ value }) => value)),
    ...compared,
    ...latencies(figures),
    ...(bytes !== undefined && { bytesPerEvent: Math.round(bytes) }),
    serverShare: most(({ serverShare }) => serverShare),
    loadShare: most(({ loadShare }) => loadShare),
    strangersShare: most(({ strangersShare }) => strangersShare),
    lost: most(({ lost }) => lost),
  }
}

const figuresOf = (rounds: Rounds): Figures[] => rounds.filter((one) => typeof one !== 'string')

function latencies(figures: readonly Figures[]): Pick<Outcome, 'p50' | 'p99' | 'last'> {
  const all = figures.map(({ latency }) => latency).filter((latency) => latency !== undefined)
  if (all.length === 0) return {}
  return {
    p50: spread(all.map(({ p50 }) => p50)),
    p99: spread(all.map(({ p99 }) => p99)),
    last: spread(all.map(({ max }) => max)),
  }
}

function ratioOf(ours: Rounds, theirs: Rounds, aim: Aim | undefined): Compared {
  const ratios = ours.flatMap((one, i) => {
    const other = theirs[i]
    return typeof one === 'object' && typeof other === 'object' ? [one.value / other.value] : []
  })
  if (ratios.length === 0) return {}
  const ratio = spread(ratios)
  return { ratio, ...(aim && judge(ratio, aim)) }
}

function judge({ median }: Spread, aim: Aim): Pick<Outcome, 'aim' | 'reached'> {
  return { aim, reached: 'atMost' in aim ? median <= aim.atMost : median >= aim.atLeast }
}

/** The middle one, the lowest and the highest. */
function spread(values: readonly number[]): Spread {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) }
}
