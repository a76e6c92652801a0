import type { Crossover } from '../crossover.ts'
import type { Facts } from '../inputs.ts'
import type { AdvisedTransport, Need } from '../transports.ts'

/** Where a rule's reason comes from: read in a specification or a vendor's text, reported, measured, physics, opinion. */
export type Grade = 'specified' | 'reported' | 'measured' | 'physics' | 'opinion' | 'assumed'

/** What a rule does when it holds. A rule never takes the last option away: then it only warns. */
export interface Effect {
  /** Nothing else is left; what was no option yet becomes one. The first of them is what the rule means. */
  readonly only?: readonly AdvisedTransport[]
  readonly exclude?: readonly AdvisedTransport[]
  /** Points of work, added to an option's own. */
  readonly points?: Readonly<Partial<Record<AdvisedTransport, number>>>
  /** Right as well, where what the rule asks for cannot be had. */
  readonly also?: readonly AdvisedTransport[]
  readonly needs?: readonly Need[]
  readonly warning?: string
}

/** One rule, as data: its number stands in the reasons, and turns it off. */
export interface Rule {
  readonly id: string
  readonly title: string
  readonly grade: Grade
  readonly source: string
  /** When it holds, in words. */
  readonly condition: string
  /** Why it holds here, with the numbers that made it; undefined where it does not. */
  when(facts: Facts, crossover: Crossover): string | undefined
  readonly effect: Effect | ((facts: Facts, crossover: Crossover) => Effect)
}

/** `text` if `holds`: most conditions are one. */
export function because(holds: boolean, text: string): string | undefined {
  return holds ? text : undefined
}

/** Whether somebody looks at a screen at the other end. */
export function isScreen({ clientKind }: Facts): boolean {
  return ['browser', 'old-browser', 'native', 'react-native'].includes(clientKind)
}

/** Whether a page in a browser is at the other end, with its six sockets and its tabs. */
export function isBrowser({ clientKind }: Facts): boolean {
  return clientKind === 'browser' || clientKind === 'old-browser'
}
