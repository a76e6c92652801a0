import type { Advice, Flip } from '../../advisor/index.ts'
import { transports } from '../../advisor/index.ts'

/** Two digits that count: `0.0125`, `6.2`, `120`. */
export function short(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 3 : 2)))
}

/** `10/s × 140 B`; a dash for a way that nothing goes. */
export function flowText(rate: number | undefined, bytes: number | undefined): string {
  if (!rate) return '–'
  return bytes === undefined ? rateText(rate) : `${rateText(rate)} × ${sizeText(bytes)}`
}

/** A rate in the unit in which people say it: `10/s`, `6/min`, `1/h`. */
function rateText(rate: number): string {
  if (rate >= 0.1) return `${short(rate)}/s`
  return rate >= 1 / 600 ? `${short(rate * 60)}/min` : `${short(rate * 3600)}/h`
}

/** `35 B`, `40 kB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${short(bytes)} B`
  return bytes < 1_000_000 ? `${short(bytes / 1000)} kB` : `${short(bytes / 1_000_000)} MB`
}

/** `40 ms`, `2 s`. */
export function timeText(ms: number): string {
  return ms < 1000 ? `${short(ms)} ms` : `${short(ms / 1000)} s`
}

const inputWords: Readonly<Record<string, string>> = {
  direction: 'its direction',
  downRate: 'events down',
  upRate: 'messages up',
  latencyMs: 'how late a message may be',
  rttMs: 'the round trip',
  clients: 'clients',
  tabs: 'tabs',
  http: 'the HTTP version',
  network: 'the network',
}

/** What an input is called in a sentence. */
export function inputText(name: string): string {
  return inputWords[name] ?? name
}

/** `from 2.2 messages/s up: WebSocket`. */
export function flipText({ input, from, to, answer }: Flip): string {
  return `${changeText(input, from, to)}: ${transports[answer].title}`
}

const kindWords: Readonly<Record<string, string>> = {
  'background true': 'if it must reach a closed page',
  'sseBlocked true': 'if the path holds back streams',
  'websocketBlocked true': 'if the path takes the upgrade away',
  'existing websocket': 'if the page has a WebSocket open',
  'existing sse': 'if the page has an SSE stream open',
  'existing none': 'if the page has nothing open',
  'binary continuous': 'if it were binary all the time',
  'order strict': 'if strict order both ways mattered',
  'lifetime response': 'if it were the answer to one request',
  'lifetime wait': 'if it waited for one event',
  'fanout same': 'if all got the same',
  'serverlessMaxSeconds 10': 'on functions of 10 s',
  'clientKind old-browser': 'for old browsers',
  'clientKind native': 'in a native app',
  'clientKind server': 'if the client were a server',
  'clientKind device': 'if the client were a device',
  'http h1': 'over HTTP/1.1',
  'http h2': 'over HTTP/2',
}

function changeText(input: string, from: unknown, to: unknown): string {
  if (typeof to !== 'number' || typeof from !== 'number') {
    return (
      kindWords[`${input} ${to}`] ??
      (input === 'network' ? `on a ${to} network` : `${inputText(input)} ${to}`)
    )
  }
  const side = to > from ? 'from' : 'below'
  if (input === 'upRate') return `${side} ${rateText(to)} up`
  if (input === 'downRate') return `${side} ${rateText(to)} down`
  if (input === 'latencyMs') return `${timeText(to)} ${to > from ? 'late is fine' : 'at most'}`
  if (input === 'rttMs') return `${side} a round trip of ${timeText(to)}`
  return `${side} ${short(to)} ${inputText(input)}`
}

/** The answer's name, and that it is not ours to serve. */
export function answerText({ primary }: Advice): string {
  return transports[primary].title
}

/** Breaks a text into lines of at most `width` characters, all but the first indented. */
export function wrapText(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width || line === '') line = longer
    else {
      lines.push(line)
      line = `${indent}${word}`
    }
  }
  return [...lines, line]
}

/** Columns two blanks apart, as wide as their widest cell. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  )
}
