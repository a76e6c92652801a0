import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toSvg } from './chart.ts'
import type { ClaimContext, Experiment } from './claim.ts'
import { binary } from './experiments/binary.ts'
import { idle } from './experiments/idle.ts'
import { latency } from './experiments/latency.ts'
import { lines } from './experiments/lines.ts'
import { order } from './experiments/order.ts'
import { sticky } from './experiments/sticky.ts'
import { streams } from './experiments/streams.ts'
import { throughput } from './experiments/throughput.ts'
import { upstream } from './experiments/upstream.ts'
import { type Measured, pictureName, toMarkdown } from './report.ts'
import { describeSurroundings } from './surroundings.ts'

/** Every experiment, in the order of the report. */
export const experiments: readonly Experiment[] = [
  latency,
  throughput,
  binary,
  idle,
  sticky,
  streams,
  upstream,
  order,
  lines,
]

/** What a run wrote. */
export interface ClaimsRun {
  readonly measured: readonly Measured[]
  /** Of the report. */
  readonly file: string
}

/** Runs experiments one after the other, writes `claims.md` and a folder of pictures into `folder`. */
export async function runClaims(
  wanted: readonly Experiment[],
  context: ClaimContext,
  folder: string,
): Promise<ClaimsRun> {
  const surroundings = describeSurroundings()
  const began = performance.now()
  const measured: Measured[] = []
  for (const [i, experiment] of wanted.entries()) {
    context.signal.throwIfAborted()
    const tell = (what: string): void => context.tell(`${i + 1}/${wanted.length} ${experiment.id}: ${what}`)
    tell(experiment.title)
    measured.push(await runOne(experiment, { ...context, tell }))
  }
  const { name: plan, rounds } = context.plan
  const run = { surroundings, plan, rounds, seconds: (performance.now() - began) / 1000 }
  const pictures = 'claims'
  await mkdir(join(folder, pictures), { recursive: true })
  for (const { experiment, outcome } of measured)
    if (outcome?.chart) await writeFile(join(folder, pictures, pictureName(experiment)), toSvg(outcome.chart))
  const file = join(folder, 'claims.md')
  await writeFile(file, toMarkdown(measured, run, pictures))
  return { measured, file }
}

/** One that fails is said to be not measured, and the others go on. */
async function runOne(experiment: Experiment, context: ClaimContext): Promise<Measured> {
  try {
    return { experiment, outcome: await experiment.run(context) }
  } catch (error) {
    if (context.signal.aborted) throw error
    const failure = error instanceof Error ? error.message : String(error)
    context.tell(`not measured: ${failure}`)
    return { experiment, failure }
  }
}
