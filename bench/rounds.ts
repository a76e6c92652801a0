import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

/**
 * Two ways to do the same, measured in turn: the machine's bad seconds then meet both, and the ratio of each round is
 * of figures taken side by side. A single figure says more about the machine than about the program.
 */
export interface Comparison {
  /** What is compared, as the table says it. */
  readonly name: string
  /** Of both figures, such as `appends/s` or `ms`. */
  readonly unit: string
  /** Measures once and answers a figure. What is not to be measured (opening, filling) is done before the clock starts. */
  readonly ours: () => Promise<number>
  /** The same work by what we are compared with. */
  readonly peer: () => Promise<number>
  /** What the ratio `ours / peer` is to reach. */
  readonly aim: { readonly atLeast: number } | { readonly atMost: number }
}

/** What came out of one comparison: ratios are `ours / peer`, round by round. */
export interface Measured {
  readonly name: string
  readonly unit: string
  readonly aim: Comparison['aim']
  /** The figures of each round. */
  readonly rounds: readonly { readonly ours: number; readonly peer: number }[]
  /** Of the figures, and of the ratios (which is not the ratio of the medians). */
  readonly median: { readonly ours: number; readonly peer: number; readonly ratio: number }
  readonly lowest: number
  readonly highest: number
  /** Whether the median of the ratios reaches the aim. */
  readonly reached: boolean
}

export interface RoundsOptions {
  /** @default 5 */
  readonly rounds?: number
  /** Runs that are thrown away before the first round, for the compiler and the caches. @default 1 */
  readonly warmUps?: number
  readonly onRound?: (round: number, ours: number, peer: number) => void
}

/** Measures one comparison, round by round; who goes first changes with each. */
export async function measure(comparison: Comparison, options: RoundsOptions = {}): Promise<Measured> {
  const { rounds: count = 5, warmUps = 1, onRound } = options
  const rounds: { ours: number; peer: number }[] = []
  for (let i = -warmUps; i < count; i++) {
    const round = await measureOnce(comparison, i % 2 === 0)
    if (i < 0) continue
    rounds.push(round)
    onRound?.(i + 1, round.ours, round.peer)
  }
  return summarise(comparison, rounds)
}

async function measureOnce(
  { ours, peer }: Comparison,
  oursFirst: boolean,
): Promise<{ ours: number; peer: number }> {
  if (oursFirst) {
    const first = await ours()
    return { ours: first, peer: await peer() }
  }
  const first = await peer()
  return { ours: await ours(), peer: first }
}

function summarise(comparison: Comparison, rounds: Measured['rounds']): Measured {
  const { name, unit, aim } = comparison
  const ratios = rounds.map(({ ours, peer }) => ours / peer)
  const ratio = median(ratios)
  return {
    name,
    unit,
    aim,
    rounds,
    median: {
      ours: median(rounds.map(({ ours }) => ours)),
      peer: median(rounds.map(({ peer }) => peer)),
      ratio,
    },
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    reached: 'atLeast' in aim ? ratio >= aim.atLeast : ratio <= aim.atMost,
  }
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}

/**
 * The whole of a bench's `main`: measures, prints a table, or with `--json` one JSON text for another program.
 * `--rounds N` and `--only TEXT` (of a comparison's name) may be given. Nothing fails for being slow: a reader judges.
 */
export async function runBench(title: string, comparisons: readonly Comparison[]): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', default: '' },
    },
  })
  const results: Measured[] = []
  for (const comparison of comparisons.filter(({ name }) => name.includes(values.only))) {
    const onRound = (round: number, ours: number, peer: number): void => {
      console.error(`  ${comparison.name}, round ${round}: ${show(ours)} : ${show(peer)} ${comparison.unit}`)
    }
    results.push(await measure(comparison, { rounds: Number(values.rounds), onRound }))
  }
  if (values.json) console.log(JSON.stringify({ title, machine: machine(), results }, null, 2))
  else console.log(`${title} (${machine()})\n\n${toTable(results)}`)
}

function machine(): string {
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} processors`
}

/** A table of Markdown. */
export function toTable(results: readonly Measured[]): string {
  const head = ['', 'unit', 'ours', 'peer', 'ours / peer', 'range', 'aim', '']
  const rows = results.map(({ name, unit, aim, median, lowest, highest, reached }) => [
    name,
    unit,
    show(median.ours),
    show(median.peer),
    median.ratio.toFixed(2),
    `${lowest.toFixed(2)} to ${highest.toFixed(2)}`,
    'atLeast' in aim ? `≥ ${aim.atLeast}` : `≤ ${aim.atMost}`,
    reached ? 'reached' : 'NOT REACHED',
  ])
  const rule = head.map(() => '---')
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** Three digits that count, without an exponent. */
export function show(figure: number): string {
  if (figure >= 100) return Math.round(figure).toLocaleString('en-US')
  return String(Number(figure.toPrecision(3)))
}
