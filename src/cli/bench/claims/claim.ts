import type { ClaimsPlan } from './plan.ts'
import type { Range } from './samples.ts'
import type { Judgement } from './verdict.ts'

/** A bar of a picture: a figure with its rounds, or why there is none. */
export interface Bar {
  readonly title: string
  readonly value?: Range
  /** Which colour: bars of one `side` are of one transport. */
  readonly side: 'sse' | 'websocket' | 'other'
}

/** A picture. */
export interface Chart {
  readonly title: string
  /** Of the figures, and which of them is better. */
  readonly unit: string
  readonly bars: readonly Bar[]
}

/** A sentence of the article, and what was found. */
export interface Finding extends Judgement {
  /** In a few words. */
  readonly said: string
}

/** What an experiment gave. */
export interface Outcome {
  readonly findings: readonly Finding[]
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  readonly chart?: Chart
  /** What the figures do not say. */
  readonly remarks?: readonly string[]
  /** What was left out, each with the reason and what to do about it. */
  readonly notMeasured?: readonly string[]
}

/** What an experiment is given. */
export interface ClaimContext {
  readonly plan: ClaimsPlan
  /** Told while it runs. */
  readonly tell: (what: string) => void
  readonly signal: AbortSignal
}

/** One experiment. */
export interface Experiment {
  /** `E3`, also the name of its picture. */
  readonly id: string
  readonly title: string
  /** How it is measured, in a sentence or two. */
  readonly how: string
  run(context: ClaimContext): Promise<Outcome>
}
