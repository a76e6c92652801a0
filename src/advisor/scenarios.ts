import { advise } from './advise.ts'
import type { DecideOptions } from './decide.ts'
import { readScenario, type Scenario } from './scenario.ts'
import { type AdvisedTransport, isTransport, type Need, transportNames } from './transports.ts'

/** What the advisor answers to one scenario. */
export interface ScenarioAnswer {
  readonly id: string
  readonly primary: AdvisedTransport
  readonly also: readonly AdvisedTransport[]
  readonly avoid: readonly AdvisedTransport[]
  readonly needs: readonly Need[]
  readonly confidence: 'high' | 'medium' | 'low'
  readonly margin: number
  /** Ids of the rules that held, those that carry the answer first. */
  readonly rules: readonly string[]
  /** Inputs that were not given and would help most. */
  readonly ask: readonly string[]
}

/** The answers to a file of scenarios, and how they compare to its labels. */
export interface ScenarioReport {
  readonly answers: readonly ScenarioAnswer[]
  readonly score: {
    /** Scenarios with a label. */
    readonly total: number
    /** Answered as labelled. */
    readonly primary: number
    /** As labelled, or among what is accepted. */
    readonly accepted: number
    /** Among what is rejected, or without one of the needs. */
    readonly rejected: number
  }
  /** What was not understood and left out, with the scenario's id. */
  readonly warnings: readonly string[]
}

/**
 * Answers each scenario of a file and compares. Throws `TypeError` for a file that is no list of scenarios, and for a
 * label that is no transport.
 */
export function answerScenarios(file: unknown, options: DecideOptions = {}): ScenarioReport {
  const scenarios = listOf(file).map((entry, index) => readScenario(entry, index))
  for (const scenario of scenarios) checkLabels(scenario)
  const answers = scenarios.map((scenario) => answer(scenario, options))
  const judged = scenarios.map((scenario, index) => judge(scenario, answers[index]!))
  const count = (holds: (one: Judgement) => boolean): number => judged.filter(holds).length
  return {
    answers,
    score: {
      total: count(({ labelled }) => labelled),
      primary: count(({ primary }) => primary),
      accepted: count(({ accepted }) => accepted),
      rejected: count(({ rejected }) => rejected),
    },
    warnings: scenarios.flatMap(({ id, warnings }) => warnings.map((warning) => `${id}: ${warning}`)),
  }
}

function listOf(file: unknown): readonly unknown[] {
  if (Array.isArray(file)) return file
  const inner = (file as { scenarios?: unknown } | null)?.scenarios
  if (Array.isArray(inner)) return inner
  throw new TypeError('A file of scenarios is a JSON list of objects with id, dir, s2c, c2s and latencyMs.')
}

function checkLabels({ id, labels }: Scenario): void {
  for (const field of ['primary', 'accept', 'reject'] as const) {
    for (const label of labels[field])
      if (!isTransport(label))
        throw new TypeError(`${id}: ${field} names "${label}". Labels are ${transportNames.join(', ')}.`)
  }
}

function answer({ id, inputs }: Scenario, options: DecideOptions): ScenarioAnswer {
  const advice = advise(inputs, options)
  const avoid = advice.avoid.map(({ transport }) => transport)
  return {
    id,
    primary: advice.primary,
    also: advice.also,
    avoid: avoid.filter((transport) => !advice.also.includes(transport)),
    needs: advice.needs,
    confidence: advice.confidence.level,
    margin: Number(advice.margin.toFixed(2)),
    rules: advice.reasons.map(({ rule }) => rule),
    ask: [...new Set([...advice.ask, ...advice.confidence.ask])],
  }
}

interface Judgement {
  readonly labelled: boolean
  readonly primary: boolean
  readonly accepted: boolean
  readonly rejected: boolean
}

function judge({ labels, needs }: Scenario, given: ScenarioAnswer): Judgement {
  const primary = labels.primary.includes(given.primary)
  const missing = needs.some((need) => !given.needs.some((one) => one === need))
  const rejected = labels.reject.includes(given.primary) || missing
  return {
    labelled: labels.primary.length > 0,
    primary,
    accepted: primary || labels.accept.includes(given.primary),
    rejected,
  }
}
