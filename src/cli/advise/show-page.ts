import type { Advice, NamedFlow, PageAdvice } from '../../advisor/index.ts'
import { transports } from '../../advisor/index.ts'
import type { Terminal } from '../terminal.ts'
import { pasteLines } from './paste-lines.ts'
import {
  answerText,
  columns,
  flipText,
  flowText,
  inputText,
  rateText,
  short,
  sizeText,
  timeText,
  wrapText,
} from './words.ts'

const width = 98

/** Prints the advice for a page: the table of its flows, the connection, why, what would change it, lines to paste. */
export function showPage(page: PageAdvice, flows: readonly NamedFlow[], terminal: Terminal): void {
  const title = (text: string): void => {
    terminal.print('')
    terminal.print(terminal.style('bold', text))
  }
  showTable(page, flows, terminal)
  title('The page as a whole')
  for (const line of planLines(page)) terminal.print(`  ${line}`)
  title('What one client costs')
  for (const line of costLines(page)) terminal.print(`  ${line}`)
  title('Why')
  for (const line of reasonLines(page)) terminal.print(`  ${line}`)
  title('What would change an answer')
  for (const line of flipLines(page)) terminal.print(`  ${line}`)
  const asks = askLines(page)
  if (asks.length > 0) title('To be surer')
  for (const line of asks) terminal.print(`  ${line}`)
  title('To paste')
  for (const line of pasteLines(page, flows)) terminal.print(`  ${line}`)
}

function showTable({ flows }: PageAdvice, named: readonly NamedFlow[], { print, style }: Terminal): void {
  const rows = flows.map(({ name, advice }, at) => {
    const { downRate, downBytes, upRate, upBytes } = named[at]!.inputs
    const cells = [name, flowText(downRate, downBytes), flowText(upRate, upBytes), answerText(advice)]
    return [...cells, marginText(advice), advice.confidence.level]
  })
  const [head = '', ...lines] = columns([
    ['flow', 'to the client', 'to the server', 'use', 'lead', 'sure'],
    ...rows,
  ])
  print(style('bold', head))
  for (const line of lines) print(line)
}

/** A rule that leaves one option has no next one. */
function marginText({ ranked, margin }: Advice): string {
  return ranked.length === 1 ? 'only one' : margin.toFixed(2)
}

function planLines({ plan }: PageAdvice): string[] {
  const list = (names: readonly string[]): string => names.join(', ')
  const lines: string[] = []
  if (plan.transport !== undefined) {
    const [first, ...rest] = plan.ladder.map((one) => transports[one].title)
    lines.push(`One connection, ${first}, for ${plan.carries.length} flows: ${list(plan.carries)}.`)
    lines.push(`If it fails: ${list(rest)}; the client changes by itself and loses nothing.`)
    lines.push(`Heartbeat every ${plan.heartbeatSeconds} s; all tabs of a browser may share the connection.`)
  }
  if (plan.sends.length > 0) lines.push(`Sent by POST, no connection of its own: ${list(plan.sends)}.`)
  for (const { name, transport } of plan.elsewhere)
    lines.push(`${name} is better served by ${transports[transport].title}.`)
  if (plan.transport !== undefined && !plan.fixed)
    lines.push(
      `Crossover to WebSocket: ${short(plan.crossover)} messages a second up, from all flows of a client.`,
    )
  return [...lines, plan.why].flatMap((line) => wrapText(line, width, '  '))
}

function costLines({ plan }: PageAdvice): string[] {
  const head = ['', 'bytes/s', 'requests/s', 'connections', 'server memory', 'server CPU', 'down by', 'up by']
  const rows = plan.ranked.flatMap(({ transport, cost }) =>
    cost === undefined
      ? []
      : [
          [
            transports[transport].title,
            short(cost.bytesPerSecond),
            short(cost.requestsPerSecond),
            short(cost.connections),
            sizeText(cost.memory),
            `${short(cost.cpu)} µs/s`,
            timeText(cost.downMs),
            cost.upMs === 0 ? '–' : timeText(cost.upMs),
          ],
        ],
  )
  return rows.length === 0 ? ['No connection, no cost beyond its requests.'] : columns([head, ...rows])
}

/** Each reason once, with the flows for which it counts. */
function reasonLines({ flows }: PageAdvice): string[] {
  const reasons = new Map<string, { names: string[]; text: string; source: string }>()
  for (const { name, advice } of flows) {
    for (const reason of advice.reasons.filter(({ carries }) => carries)) {
      const one = reasons.get(reason.rule) ?? {
        names: [],
        text: `${reason.rule} ${reason.title}`,
        source: reason.source,
      }
      one.names.push(`${name} (${reason.because})`)
      reasons.set(reason.rule, one)
    }
  }
  return [...reasons.values()].flatMap(({ names, text, source }) => {
    const shown = names.length > 3 ? [...names.slice(0, 2), `and ${names.length - 2} more`] : names
    return [
      ...wrapText(`${text}: ${shown.join(', ')}.`, width, '   '),
      ...wrapText(`   [${source}]`, width, '   '),
    ]
  })
}

const farFlip = 7

function flipLines({ flows }: PageAdvice): string[] {
  return flows.flatMap(({ name, advice }) => {
    const near = advice.flips.filter(({ distance }) => distance <= farFlip).slice(0, 4)
    const call = advice.margin < 0.075 ? 'a close call; ' : ''
    const text = near.length === 0 ? 'nothing near' : near.map(flipText).join('; ')
    return wrapText(`${name}: ${call}${text}.`, width, '   ')
  })
}

function askLines({ flows }: PageAdvice): string[] {
  const asked = new Map<string, string[]>()
  for (const { name, advice } of flows) {
    for (const input of new Set([...advice.ask, ...advice.confidence.ask]))
      asked.set(input, [...(asked.get(input) ?? []), name])
  }
  return [...asked].map(([input, names]) =>
    names.length === flows.length
      ? `Say ${inputText(input)}.`
      : `Say ${inputText(input)} of ${names.length > 4 ? `${names.length} flows` : names.join(', ')}.`,
  )
}

/** What a flow was measured at, in a line. */
export function measuredText(downRate: number, upRate: number): string {
  return `${rateText(downRate)} down, ${rateText(upRate)} up`
}
