import { show } from '../rounds.ts'
import { growthOf, type Step } from './growth.ts'
import type { Machine } from './machine.ts'
import type { Outcome, RowResult, Spread } from './results.ts'

/** All that `results.json` holds. */
export interface Report {
  readonly machine: Machine
  readonly rows: readonly RowResult[]
}

/** The report as Markdown: one table a row, with its chart when there is one. */
export function toMarkdown({ machine, rows }: Report, withCharts = false): string {
  const parts = ['# Measured by `npm run bench`', '', describe(machine), '', reading, '']
  for (const row of rows) {
    parts.push(
      `## ${row.title}`,
      '',
      `\`${row.name}\`: ${row.unit}; ${row.better} is better. ${roundsOf(row)}`,
      '',
    )
    if (withCharts) parts.push(`![${row.title}](${row.name}.svg)`, '')
    parts.push(tableOf(row), '')
  }
  const growth = growthOf(rows)
  if (growth) parts.push('## Growth with subscribers', '', growthTable(growth), '')
  return parts.join('\n')
}

const reading = `Each figure is the median of the rounds, with the range in brackets. A ratio is ours / theirs of the same
round, then the median of the rounds; where a line names another, it is this line / that one. An aim on the first line is
one for its figure. *others* is what programs that are no part of the run took of the server's core, in
the worst round: above 5 %, take the figures again on a quiet machine. A * stands where the server, or the program that loads it, took more than 90 % of its
core: such a figure says what a full machine does. Delays count from when an event was due, whoever was late. The server
had one core to itself, everything else the other.`

function describe({ cpu, cores, memoryGiB, kernel, system, versions }: Machine): string {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}, ${system}. ${all.join(', ')}.`
}

function roundsOf({ rounds }: RowResult): string {
  return rounds === 1 ? 'One round: it ranks, it is not for print.' : `${rounds} rounds.`
}

/** The table of one row. */
export function tableOf({ outcomes }: RowResult): string {
  const timed = outcomes.some(({ p99 }) => p99 !== undefined)
  const head = [
    '',
    'figure',
    'ours / theirs',
    'aim',
    '',
    ...(timed ? ['p50 ms', 'p99 ms', 'last ms', 'bytes'] : []),
    'server',
    'load',
    'others',
  ]
  const lines = outcomes.map((outcome) => cells(outcome, timed))
  return table(head, lines)
}

function growthTable(growth: readonly Step[]): string {
  const head = ['subscribers', 'row', 'Fairlead / the floor', 'above that at 1,000', 'aim', '']
  const lines = growth.map(({ subscribers, row, ratio, above }) => {
    const judged = above ? [above.by.toFixed(2), `≤ ${above.aim}`, verdict(above.reached)] : ['', '', '']
    return [subscribers, `\`${row}\``, ratio.toFixed(2), ...judged]
  })
  return table(head, lines)
}

/** A table of Markdown. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

function cells(outcome: Outcome, timed: boolean): string[] {
  const { title, value, notMeasured, aim, reached, p50, p99, last, bytesPerEvent } = outcome
  const delays = [p50, p99, last].map((one) => (one ? showSpread(one) : ''))
  if (!value) {
    return [
      title,
      `**not measured**: ${notMeasured}`,
      '',
      '',
      '',
      ...(timed ? ['', '', '', ''] : []),
      '',
      '',
      '',
    ]
  }
  return [
    title,
    `${showSpread(value)}${isFull(outcome) ? ' *' : ''}${lostOf(outcome)}`,
    ratioCell(outcome),
    aim ? ('atMost' in aim ? `≤ ${show(aim.atMost)}` : `≥ ${show(aim.atLeast)}`) : '',
    reached === undefined ? '' : verdict(reached),
    ...(timed ? [...delays, bytesPerEvent === undefined ? '' : String(bytesPerEvent)] : []),
    percent(outcome.serverShare),
    percent(outcome.loadShare),
    percent(outcome.strangersShare),
  ]
}

/** Whether the figure is that of a core that had no time left. */
export function isFull({ serverShare = 0, loadShare = 0 }: Outcome): boolean {
  return serverShare > 0.9 || loadShare > 0.9
}

function lostOf({ lost = 0 }: Outcome): string {
  return lost > 0 ? ` **${show(lost)} events did not come**` : ''
}

function showSpread({ median, lowest, highest }: Spread): string {
  return lowest === highest ? show(median) : `${show(median)} (${show(lowest)} to ${show(highest)})`
}

function ratioCell({ ratio, against }: Outcome): string {
  if (!ratio) return ''
  return against === undefined ? showRatio(ratio) : `${showRatio(ratio)} of ${against}`
}

const verdict = (reached: boolean): string => (reached ? 'reached' : 'NOT REACHED')

function showRatio({ median, lowest, highest }: Spread): string {
  const range = lowest === highest ? '' : ` (${lowest.toFixed(2)} to ${highest.toFixed(2)})`
  return `${median.toFixed(2)}${range}`
}

function percent(share: number | undefined): string {
  return share === undefined || share === 0 ? '' : `${Math.round(share * 100)} %`
}
