import { type Confidence, confidenceOf, marginOf } from './confidence.ts'
import type { Crossover } from './crossover.ts'
import { type DecideOptions, type Decision, decide, type Reason } from './decide.ts'
import type { InputName, Inputs } from './inputs.ts'
import type { RankedOption } from './score.ts'
import { type Flip, flipsOf } from './sensitivity.ts'
import { type AdvisedTransport, type Need, transports } from './transports.ts'

/** The answer for one flow. */
export interface Advice {
  readonly primary: AdvisedTransport
  /** The options that the rules left, the best first, with what each costs. */
  readonly ranked: readonly RankedOption[]
  /** Right as well: close behind, or where the answer cannot be had. */
  readonly also: readonly AdvisedTransport[]
  /** Taken away by a rule. */
  readonly avoid: readonly { readonly transport: AdvisedTransport; readonly rule: string }[]
  readonly needs: readonly Need[]
  /** What the client tries in turn, of what Fairlead serves. Empty where the answer is none of ours. */
  readonly ladder: readonly ('sse' | 'websocket' | 'long-poll')[]
  readonly reasons: readonly Reason[]
  /** The lead over the next option, 0 to 1; below `closeCall` the next is nearly as good. */
  readonly margin: number
  readonly confidence: Confidence
  /** Absent where nothing goes up. */
  readonly crossover: Crossover | undefined
  /** What would change the answer, the nearest first. */
  readonly flips: readonly Flip[]
  /** Without these no answer is worth much. */
  readonly ask: readonly InputName[]
  readonly warnings: readonly string[]
}

/** Options that are less than this behind are named as right too. */
const closeBehind = 0.15

/** Chooses a transport for one flow, and says why. Pure: the same inputs give the same advice. */
export function advise(inputs: Inputs, options: DecideOptions = {}): Advice {
  const decision = decide(inputs, options)
  const primary = decision.ranked[0]!.transport
  const flips = flipsOf(inputs, decision.facts, primary, options)
  const confidence = confidenceOf(decision, flips, options.constants?.measuredHere === true)
  return {
    primary,
    ranked: decision.ranked,
    also: alsoOf(decision),
    avoid: [...decision.excluded].map(([transport, rule]) => ({ transport, rule })),
    needs: decision.needs,
    ladder: ladderOf(decision),
    reasons: [...decision.reasons].sort((a, b) => Number(b.carries) - Number(a.carries)),
    margin: marginOf(decision),
    confidence,
    crossover: decision.facts.direction === 'down' ? undefined : decision.crossover,
    flips,
    ask: missing(inputs),
    warnings: decision.warnings,
  }
}

function alsoOf({ ranked, also }: Decision): AdvisedTransport[] {
  const best = ranked[0]!.score
  const close = ranked
    .slice(1)
    .flatMap(({ transport, score }) => (best - score < closeBehind ? [transport] : []))
  return [...new Set([...close, ...also])]
}

/** Without a direction or a rate there is nothing to choose by. */
function missing({ direction, downRate, upRate, latencyMs }: Inputs): InputName[] {
  const asked: InputName[] = []
  if (direction === undefined && downRate === undefined && upRate === undefined) asked.push('direction')
  if (direction !== 'up' && downRate === undefined) asked.push('downRate')
  if (direction !== 'down' && upRate === undefined) asked.push('upRate')
  if (latencyMs === undefined) asked.push('latencyMs')
  return asked
}

const streamOf = { sse: 'sse', 'sse+post': 'sse', websocket: 'websocket', 'long-poll': 'long-poll' } as const

/** The best first, then every other of ours that nothing on the path rules out: a fallback costs nothing until used. */
function ladderOf({ ranked, facts }: Decision): ('sse' | 'websocket' | 'long-poll')[] {
  const best = ranked[0]!.transport
  if (!transports[best].ours || !(best in streamOf)) return []
  const failed = (name: 'sse' | 'websocket' | 'long-poll'): boolean => (facts.failures[name] ?? 0) >= 0.2
  const first = streamOf[best as keyof typeof streamOf]
  const rest = (['sse', 'websocket', 'long-poll'] as const).filter((name) => name !== first && !failed(name))
  return [first, ...rest]
}
