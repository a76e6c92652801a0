import { type ConfigEntry, showSource, showValue } from '../../config/index.ts'
import type { Terminal } from '../terminal.ts'

/** `serve --print-config`: each value with where it came from, as columns or as JSON. */
export function printConfig(entries: readonly ConfigEntry[], json: boolean, terminal: Terminal): void {
  if (json) {
    const rows = entries.map((entry) => [
      entry.option.key,
      { value: showValue(entry) ?? null, source: entry.source },
    ])
    terminal.print(JSON.stringify(Object.fromEntries(rows), undefined, 2))
    return
  }
  const rows = entries.map(
    (entry) => [entry.option.key, asText(showValue(entry)), showSource(entry.source)] as const,
  )
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const [key, value, source] of rows) {
    terminal.print(`${key.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${terminal.style('dim', source)}`)
  }
}

function asText(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
