import type { Experiment, Outcome } from './claim.ts'
import { limitsPage } from './limits-page.ts'
import { quietLoad, type Surroundings } from './surroundings.ts'
import type { Verdict } from './verdict.ts'

/** One experiment with what it gave, or why it gave nothing. */
export interface Measured {
  readonly experiment: Experiment
  readonly outcome?: Outcome
  /** What went wrong. */
  readonly failure?: string
}

/** What was run, and where. */
export interface Run {
  readonly surroundings: Surroundings
  /** `quick` or `full`. */
  readonly plan: string
  readonly rounds: number
  readonly seconds: number
}

/** Names the picture of an experiment, in the folder of pictures. */
export function pictureName({ id }: Experiment): string {
  return `${id.toLowerCase()}.svg`
}

/** The report as Markdown; pictures are looked for in `pictures` beside it. */
export function toMarkdown(measured: readonly Measured[], run: Run, pictures: string): string {
  return `${[
    '# What is said of SSE and WebSocket, measured',
    intro(run),
    surroundingsLine(run),
    summary(measured),
    ...measured.map((one) => section(one, pictures)),
    limitsPage,
  ].join('\n\n')}\n`
}

function intro({ plan, rounds, seconds }: Run): string {
  return `Written by \`fairlead bench --claims${plan === 'quick' ? ' --quick' : ''}\` in ${Math.round(seconds)} s: what is often written of WebSockets and Server-Sent
Events, each sentence next to what this machine measured. Up to ${rounds} rounds of everything that is timed, in turn; a figure is the median
round and, in brackets, the lowest and the highest. **Confirmed** and **refuted** mean that every pair says so beyond its rounds’
own spread; **depends** that pairs differ or rounds overlap.`
}

function surroundingsLine({ surroundings }: Run): string {
  const { cpu, cores, memoryGiB, system, versions, loadBefore } = surroundings
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const noise =
    loadBefore > quietLoad
      ? `\n\n> **A noisy machine.** The load before the start was ${loadBefore.toFixed(2)} on ${cores} cores: other work ran, so times and CPU are higher and wider than they should be. What is counted (bytes, failures, order, streams, lines) is not touched by it. Run it again on a machine that does nothing else.`
      : ''
  return `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; ${programs.join(', ')}; load before the start ${loadBefore.toFixed(2)}. All on one machine,
over loopback, without TLS; servers and clients in processes of their own.${noise}`
}

function summary(measured: readonly Measured[]): string {
  const rows = measured.flatMap(({ experiment, outcome, failure }) =>
    outcome
      ? outcome.findings.map(({ said, verdict }) => [said, mark(verdict), experiment.id])
      : [[experiment.title, mark('not measured'), `${experiment.id}: ${failure}`]],
  )
  return table(['the article says', 'verdict', 'experiment'], rows)
}

function mark(verdict: Verdict): string {
  return `**${verdict}**`
}

function section({ experiment, outcome, failure }: Measured, pictures: string): string {
  const { id, title, how } = experiment
  const head = `## ${id}: ${title}`
  if (!outcome) return `${head}\n\n**Not measured: ${failure}**`
  const { findings, table: figures, chart, remarks = [], notMeasured = [] } = outcome
  return [
    head,
    ...findings.map(({ said, verdict, because }) => `“${said}.” ${mark(verdict)}: ${because}.`),
    `How: ${how}`,
    table(figures.head, figures.rows),
    ...(chart ? [`![${chart.title}](${pictures}/${pictureName(experiment)})`] : []),
    ...(remarks.length > 0 ? [remarks.map((remark) => `- ${remark}`).join('\n')] : []),
    ...notMeasured.map((what) => `**Not measured.** ${what}`),
  ].join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}
