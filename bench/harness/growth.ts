import type { RowResult } from './results.ts'
import { subjects } from './subjects.ts'

/** The rows that differ in their subscribers alone: each delivers 50,000 events a second. */
const steps = [
  { subscribers: '100', row: 'growth-100-ws' },
  { subscribers: '1,000', row: 'fanout-1000-ws' },
  { subscribers: '10,000', row: 'growth-10000-ws' },
] as const
const aim = 0.1

/** One number of subscribers, beside that of the other rows. */
export interface Step {
  readonly subscribers: string
  readonly row: string
  /** Ours / the floor. */
  readonly ratio: number
  /** What it is above the ratio at 1,000, and what it may be; `undefined` at 1,000. */
  readonly above?: { readonly by: number; readonly aim: number; readonly reached: boolean }
}

/** How the ratio to the floor changes with the number of subscribers; `undefined` unless all rows were measured. */
export function growthOf(rows: readonly RowResult[]): readonly Step[] | undefined {
  const ratios = steps.map(({ row }) => ratioToFloor(rows.find(({ name }) => name === row)))
  const usual = ratios[1]
  if (usual === undefined || ratios.includes(undefined)) return undefined
  return steps.map((step, i) => {
    const ratio = ratios[i]!
    const by = ratio - usual
    return { ...step, ratio, ...(i !== 1 && { above: { by, aim, reached: by <= aim } }) }
  })
}

function ratioToFloor(row: RowResult | undefined): number | undefined {
  return row?.outcomes.find(({ title }) => title === subjects.floor.title)?.ratio?.median
}
