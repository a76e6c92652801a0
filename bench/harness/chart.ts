import { show } from '../rounds.ts'
import { isFull } from './report.ts'
import type { Outcome, RowResult } from './results.ts'

const width = 760
const left = 250
const right = 130
const lineHeight = 30
const top = 54

/** A bar a contestant, with the range of its rounds; it brings its own page, so that it is legible on any. */
export function toSvg({ title, unit, better, outcomes }: RowResult): string {
  const most = Math.max(...outcomes.map(({ value }) => value?.highest ?? 0), Number.MIN_VALUE)
  const scale = (value: number): number => (value / most) * (width - left - right)
  const height = top + outcomes.length * lineHeight + 12
  const bars = outcomes.map((outcome, i) => bar(outcome, top + i * lineHeight, scale))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
  .page { fill: #ffffff } text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px } .unit { fill: #57606a }
  .ours { fill: #0969da } .peer { fill: #8c959f } .range { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .unit { fill: #9198a1 } .ours { fill: #4493f8 } .peer { fill: #656c76 } .range { stroke: #e6edf3 }
  }
</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="8" y="20">${escapeXml(title)}</text>
<text class="unit" x="8" y="40">${escapeXml(unit)}; ${better} is better</text>
${bars.join('\n')}
</svg>
`
}

function bar(outcome: Outcome, y: number, scale: (value: number) => number): string {
  const { title, ours, value, notMeasured } = outcome
  const name = `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${escapeXml(title)}</text>`
  if (!value) {
    // What to do about it, after the colon, has room in the table.
    const why = escapeXml(notMeasured?.split(':')[0] ?? '')
    return `${name}\n<text class="unit" x="${left}" y="${y + 16}">not measured: ${why}</text>`
  }
  const [low, middle, high] = [value.lowest, value.median, value.highest].map((one) =>
    Math.round(left + scale(one)),
  )
  const range = `<path class="range" d="M${low} ${y + 11}H${high}M${low} ${y + 7}v8M${high} ${y + 7}v8"/>`
  const label = `${show(value.median)}${isFull(outcome) ? ' *' : ''}`
  return `${name}
<rect class="${ours ? 'ours' : 'peer'}" x="${left}" y="${y + 2}" width="${middle! - left}" height="18" rx="2"/>
${low === high ? '' : range}
<text x="${high! + 8}" y="${y + 16}">${escapeXml(label)}</text>`
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
