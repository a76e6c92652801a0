import type { Decision } from './decide.ts'
import type { InputName, Network } from './inputs.ts'
import type { Grade } from './rules/rule.ts'
import type { Flip } from './sensitivity.ts'
import type { AdvisedTransport } from './transports.ts'

/** How sure an answer is: the product of four shares. */
export interface Confidence {
  readonly level: 'high' | 'medium' | 'low'
  readonly value: number
  /** How well founded the rule is that carries the answer. */
  readonly rule: number
  /** The share of the inputs that matter which were given, not assumed. */
  readonly inputs: number
  /** How far the next option is behind; 1 from 0.15 on. */
  readonly margin: number
  /** What is known of the path between client and server. */
  readonly path: number
  /** What would have to be known for a surer answer. */
  readonly ask: readonly InputName[]
}

const strengths: Readonly<Record<Grade, number>> = {
  specified: 1,
  physics: 1,
  measured: 1,
  reported: 0.8,
  opinion: 0.8,
  assumed: 0.6,
}

/** Without a measurement of the path. A fallback stands behind each answer, so that a wrong guess costs seconds. */
const unseenPath: Readonly<Record<Network, number>> = {
  datacentre: 1,
  open: 0.8,
  mobile: 0.8,
  satellite: 0.7,
  mixed: 0.6,
  corporate: 0.6,
  hotel: 0.6,
}

const plain: readonly AdvisedTransport[] = [
  'poll',
  'post-only',
  'webpush',
  'webhook',
  'none',
  'webrtc',
  'mqtt',
]
const always: readonly InputName[] = ['direction', 'downRate', 'upRate', 'latencyMs']
/** Assumed where not given; they count where another value would change the answer. */
const assumed: readonly InputName[] = ['http', 'network', 'rttMs', 'tabs']

/** A clear lead, from which on more makes an answer no surer. */
const clearMargin = 0.15

/** Below this the next option is nearly as good. */
export const closeCall = 0.075

/** The lead of the best option over the next; 1 where a rule left nothing else. */
export function marginOf({ ranked: [best, next] }: Decision): number {
  if (!best || !next) return 1
  return Number((best.score - next.score).toFixed(3))
}

/** How sure a decision is. */
export function confidenceOf(decision: Decision, flips: readonly Flip[], measured: boolean): Confidence {
  const { given, network, failures, direction } = decision.facts
  const best = decision.ranked[0]!.transport
  const other = { down: 'upRate', up: 'downRate', both: undefined }[direction]
  const needed = always.filter((name) => name !== other)
  const open = assumed.filter((name) => !given.has(name) && flips.some(({ input }) => input === name))
  const unknown = [...needed.filter((name) => !given.has(name)), ...open]
  const known = [...needed, ...assumed].filter((name) => given.has(name)).length
  const parts = {
    rule: strengthOf(decision, measured),
    inputs: known / Math.max(1, known + unknown.length),
    margin: Math.min(1, marginOf(decision) / clearMargin),
    path: plain.includes(best) || Object.keys(failures).length > 0 ? 1 : unseenPath[network],
  }
  const value = Number((parts.rule * parts.inputs * parts.margin * parts.path).toFixed(2))
  return { level: levelOf(value, marginOf(decision)), value, ...parts, ask: unknown }
}

/** A close call is never sure, however much is known. */
function levelOf(value: number, margin: number): Confidence['level'] {
  if (margin < closeCall || value < 0.35) return 'low'
  return value >= 0.6 ? 'high' : 'medium'
}

/** That of the best-founded rule that took part; a comparison of costs is as good as its constants. */
function strengthOf({ reasons }: Decision, measured: boolean): number {
  const carrying = reasons.filter(({ carries }) => carries)
  const grades = carrying.map(({ rule, grade }) =>
    measured && (rule === 'R28' || rule === 'R29') ? 'measured' : grade,
  )
  return Math.max(strengths.assumed, ...grades.map((grade) => strengths[grade]))
}
