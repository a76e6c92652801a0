import type { Bar, Chart } from './claim.ts'
import { show } from './samples.ts'

const width = 760
const left = 300
const right = 120
const lineHeight = 24
const top = 54

/** Bars, one a figure, with the range of its rounds; legible on a light and on a dark page. */
export function toSvg({ title, unit, bars }: Chart): string {
  const most = Math.max(...bars.map(({ value }) => value?.highest ?? 0), Number.MIN_VALUE)
  // A figure below nothing (a difference of two) is drawn as nothing, and its number says so.
  const scale = (value: number): number => Math.round((Math.max(0, value) / most) * (width - left - right))
  const height = top + bars.length * lineHeight + 10
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px } .unit { fill: #57606a }
  .sse { fill: #bf8700 } .websocket { fill: #0969da } .other { fill: #8c959f } .range { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .unit { fill: #9198a1 } .range { stroke: #e6edf3 }
    .sse { fill: #d29922 } .websocket { fill: #4493f8 } .other { fill: #656c76 }
  }
</style>
<text class="title" x="8" y="20">${escapeXml(title)}</text>
<text class="unit" x="8" y="40">${escapeXml(unit)}</text>
${bars.map((bar, i) => drawBar(bar, top + i * lineHeight, scale)).join('\n')}
</svg>
`
}

function drawBar({ title, value, side }: Bar, y: number, scale: (value: number) => number): string {
  const name = `<text x="${left - 10}" y="${y + 14}" text-anchor="end">${escapeXml(title)}</text>`
  if (!value) return `${name}\n<text class="unit" x="${left}" y="${y + 14}">not measured</text>`
  const [low, middle, high] = [value.lowest, value.median, value.highest].map((one) => left + scale(one))
  const range = `<path class="range" d="M${low} ${y + 10}H${high}M${low} ${y + 6}v8M${high} ${y + 6}v8"/>`
  return `${name}
<rect class="${side}" x="${left}" y="${y + 2}" width="${middle! - left}" height="16" rx="2"/>
${low === high ? '' : range}
<text x="${high! + 8}" y="${y + 14}">${escapeXml(show(value.median))}</text>`
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
