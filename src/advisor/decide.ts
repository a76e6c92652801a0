import { builtInConstants, type Constants } from './constants.ts'
import { type Crossover, crossoverOf } from './crossover.ts'
import { type Facts, factsOf, type Inputs } from './inputs.ts'
import { rules } from './rules/index.ts'
import type { Effect, Grade, Rule } from './rules/rule.ts'
import { type RankedOption, rank } from './score.ts'
import { type AdvisedTransport, type Need, transports } from './transports.ts'

/** A rule that held, with the numbers that made it. */
export interface Reason {
  readonly rule: string
  readonly title: string
  readonly because: string
  readonly source: string
  readonly grade: Grade
  /** What it took away. */
  readonly excluded: readonly AdvisedTransport[]
  /** Whether it took part in the answer: it took options away, weighed one, or compared. Others only add to it. */
  readonly carries: boolean
}

/** An answer, before it is asked how sure it is. */
export interface Decision {
  readonly facts: Facts
  /** The options left, the best first. Never empty. */
  readonly ranked: readonly RankedOption[]
  readonly reasons: readonly Reason[]
  readonly also: readonly AdvisedTransport[]
  readonly needs: readonly Need[]
  readonly warnings: readonly string[]
  readonly excluded: ReadonlyMap<AdvisedTransport, string>
  readonly crossover: Crossover
}

/** What a decision is made with. */
export interface DecideOptions {
  readonly constants?: Constants | undefined
  /** Rules that are not asked, by id. */
  readonly without?: readonly string[] | undefined
}

const candidates: Readonly<Record<Facts['direction'], readonly AdvisedTransport[]>> = {
  down: ['sse', 'websocket', 'long-poll', 'poll'],
  up: ['post-only', 'websocket'],
  both: ['sse+post', 'websocket', 'long-poll', 'poll'],
}

/** Asks the rules, then ranks what they left. */
export function decide(
  inputs: Inputs,
  { constants = builtInConstants, without = [] }: DecideOptions = {},
): Decision {
  const facts = factsOf(inputs)
  const crossover = crossoverOf(facts, constants)
  const state = new Narrowing(candidates[facts.direction])
  for (const rule of rules) {
    if (state.isDecided) break
    const why = without.includes(rule.id) ? undefined : rule.when(facts, crossover)
    if (why === undefined) continue
    const effect = typeof rule.effect === 'function' ? rule.effect(facts, crossover) : rule.effect
    state.apply(rule, why, effect)
  }
  const ranked = rank(state.left, facts, constants, state.points)
  const best = ranked[0]!.transport
  return {
    facts,
    ranked,
    crossover,
    reasons: state.reasons,
    also: [...state.also].filter((one) => one !== best),
    // What is not ours has its own ways through the path.
    needs: state.isDecided ? [] : [...state.needs].sort(),
    warnings: [...facts.notes, ...state.warnings],
    excluded: state.excluded,
  }
}

type Held = Omit<Reason, 'carries'> & { readonly pointed: boolean }

/** The options while rules take from them. */
class Narrowing {
  left: AdvisedTransport[]
  readonly points: Partial<Record<AdvisedTransport, number>> = {}
  readonly also = new Set<AdvisedTransport>()
  readonly needs = new Set<Need>()
  readonly warnings: string[] = []
  /** By which rule each was taken away. */
  readonly excluded = new Map<AdvisedTransport, string>()
  readonly #held: Held[] = []

  constructor(options: readonly AdvisedTransport[]) {
    this.left = [...options]
  }

  apply(rule: Rule, why: string, effect: Effect): void {
    const before = this.left
    if (effect.only) this.#keep(rule, effect.only)
    if (effect.exclude) this.#drop(rule, effect.exclude)
    for (const [option, points] of Object.entries(effect.points ?? {}) as [AdvisedTransport, number][])
      this.points[option] = (this.points[option] ?? 0) + points
    for (const one of effect.also ?? []) this.also.add(one)
    for (const need of effect.needs ?? []) this.needs.add(need)
    if (effect.warning !== undefined) this.warnings.push(effect.warning)
    const { id, title, source, grade } = rule
    this.#held.push({
      rule: id,
      title,
      because: why,
      source,
      grade,
      excluded: before.filter((option) => !this.left.includes(option)),
      pointed: effect.points !== undefined,
    })
  }

  /** Others' transports are no option until a rule asks for them; ours only where they go the way of the flow. */
  #keep(rule: Rule, only: readonly AdvisedTransport[]): void {
    const kept = only.filter(
      (option) => this.left.includes(option) || (!transports[option].ours && option !== 'poll'),
    )
    if (kept.length === 0) this.#warn(rule, only)
    else this.#set(rule, kept)
  }

  #drop(rule: Rule, exclude: readonly AdvisedTransport[]): void {
    const kept = this.left.filter((option) => !exclude.includes(option))
    if (kept.length === 0) this.#warn(rule, this.left)
    else this.#set(rule, kept)
  }

  #set(rule: Rule, kept: readonly AdvisedTransport[]): void {
    for (const option of this.left) if (!kept.includes(option)) this.excluded.set(option, rule.id)
    this.left = [...kept]
  }

  /** Whether the answer is none of ours: what follows weighs transports of ours alone. */
  get isDecided(): boolean {
    return this.left.every((option) => !transports[option].ours && option !== 'poll')
  }

  #warn(rule: Rule, wanted: readonly AdvisedTransport[]): void {
    const names = wanted.map((option) => transports[option].title).join(' or ')
    this.warnings.push(`${rule.id} (${rule.title}) is about ${names}: nothing else is left to choose from.`)
  }

  /** Those that took something away or added points carry the answer; the crossover does so by its number. */
  get reasons(): Reason[] {
    return this.#held.map(({ pointed, ...reason }) => ({
      ...reason,
      carries: reason.excluded.length > 0 || pointed || ['R28', 'R29'].includes(reason.rule),
    }))
  }
}
