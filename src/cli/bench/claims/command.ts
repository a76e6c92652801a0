import { isAbsolute, resolve } from 'node:path'
import { type Arguments, numberFlag, textFlag } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { type Style, stopSignal, type Terminal } from '../../terminal.ts'
import type { Experiment } from './claim.ts'
import { atMost, fullPlan, quickPlan } from './plan.ts'
import type { Measured } from './report.ts'
import { experiments, runClaims } from './run-claims.ts'
import type { Verdict } from './verdict.ts'

/** `fairlead bench --claims`. Resolves with the exit code: 1 when an experiment could not be measured. */
export async function benchClaims(args: Arguments, terminal: Terminal): Promise<number> {
  if (args.positionals.length > 0)
    throw new UsageError(
      '--claims starts servers of its own and takes no URL: fairlead bench --claims --out FOLDER',
    )
  const wanted = readExperiments(textFlag(args, 'only'))
  const whole = args.flags.quick ? quickPlan : fullPlan
  const most = numberFlag(args, 'subscribers', 2)
  const context = {
    plan: most === undefined ? whole : atMost(whole, most),
    signal: stopSignal(),
    tell: (what: string) => terminal.note(terminal.noteStyle('dim', what)),
  }
  const out = textFlag(args, 'out') ?? 'fairlead-claims'
  const folder = isAbsolute(out) ? out : resolve(terminal.cwd, out)
  const { measured } = await runClaims(wanted, context, folder)
  for (const one of measured) show(one, terminal)
  terminal.print(`The report is claims.md in ${out}.`)
  return measured.every(({ outcome }) => outcome) ? exitCodes.ok : exitCodes.failure
}

function readExperiments(only: string | undefined): readonly Experiment[] {
  if (only === undefined) return experiments
  const ids = only.split(',').map((id) => id.trim().toUpperCase())
  const unknown = ids.find((id) => !experiments.some((one) => one.id === id))
  if (unknown === undefined) return experiments.filter(({ id }) => ids.includes(id))
  throw new UsageError(`There is no experiment ${unknown}: ${experiments.map(({ id }) => id).join(', ')}.`)
}

const styles: Readonly<Record<Verdict, Style>> = {
  confirmed: 'green',
  refuted: 'red',
  depends: 'yellow',
  'not measured': 'bold',
}

function show({ experiment, outcome, failure }: Measured, { print, style }: Terminal): void {
  print(style('bold', `${experiment.id}: ${experiment.title}`))
  if (!outcome) return print(`  ${style('bold', 'NOT MEASURED')}: ${failure}`)
  for (const { said, verdict, because } of outcome.findings)
    print(`  ${style(styles[verdict], verdict)}: “${said}”: ${because}`)
  for (const what of outcome.notMeasured ?? []) print(`  ${style('bold', 'NOT MEASURED')}: ${what}`)
}
