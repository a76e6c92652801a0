import type { Advice, NamedFlow, PageAdvice } from '../../advisor/index.ts'
import { closeCall, transports } from '../../advisor/index.ts'
import type { Terminal } from '../terminal.ts'
import { pasteLines } from './paste-lines.ts'
import {
  answerText,
  columns,
  flipText,
  flowText,
  inputText,
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

/** Each reason once, with the flows for which it counts; what all of these share is said once. */
function reasonLines({ flows }: PageAdvice): string[] {
  const reasons = new Map<string, { title: string; source: string; cases: Map<string, string[]> }>()
  for (const { name, advice } of flows) {
    for (const { rule, title, source, because } of advice.reasons.filter(({ carries }) => carries)) {
      const one = reasons.get(rule) ?? { title, source, cases: new Map() }
      one.cases.set(because, [...(one.cases.get(because) ?? []), name])
      reasons.set(rule, one)
    }
  }
  return [...reasons].flatMap(([rule, { title, source, cases }]) => {
    const said = [...cases].map(([because, names]) => `${because} (${someOf(names)})`)
    const line = `${rule.padEnd(4)}${title}: ${someOf(said, 3, '; ')}.`
    return [
      ...wrapText(line, width, '    '),
      ...wrapText(`[${source}]`, width - 4).map((one) => `    ${one}`),
    ]
  })
}

function someOf(names: readonly string[], most = 4, between = ', '): string {
  if (names.length <= most) return names.join(between)
  return `${names.slice(0, most - 1).join(between)}${between}and ${names.length - most + 1} more`
}

/** Farther changes make it another application; all of them stand in the output of `--json`. */
const farFlip = 5.9

/** What would change an answer, once for all flows for which it is the same. */
function flipLines({ flows }: PageAdvice): string[] {
  const groups = new Map<string, string[]>()
  for (const { name, advice } of flows) {
    const near = advice.flips.filter(({ distance }) => distance <= farFlip).slice(0, 5)
    const call = advice.margin < closeCall ? 'a close call; ' : ''
    const text = `${call}${near.length === 0 ? 'nothing near' : near.map(flipText).join('; ')}`
    groups.set(text, [...(groups.get(text) ?? []), name])
  }
  return [...groups].flatMap(([text, names]) => wrapText(`${names.join(', ')}: ${text}.`, width, '    '))
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
