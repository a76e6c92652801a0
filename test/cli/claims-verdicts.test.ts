import { describe, expect, it } from 'vitest'
import { toSvg } from '../../src/cli/bench/claims/chart.ts'
import type { Chart, Experiment } from '../../src/cli/bench/claims/claim.ts'
import { countCode } from '../../src/cli/bench/claims/count-code.ts'
import { judgeOrder } from '../../src/cli/bench/claims/experiments/order.ts'
import { atMost, fullPlan } from '../../src/cli/bench/claims/plan.ts'
import { toMarkdown } from '../../src/cli/bench/claims/report.ts'
import { rangeOf, showRange } from '../../src/cli/bench/claims/samples.ts'
import { describeSurroundings } from '../../src/cli/bench/claims/surroundings.ts'
import {
  compare,
  judgeAddedLatency,
  judgeFailure,
  judgePairs,
  together,
} from '../../src/cli/bench/claims/verdict.ts'

describe('verdicts', () => {
  it('says more or less only where the rounds do not overlap, and the medians are a tenth apart', () => {
    expect(compare(rangeOf([12, 13, 14]), rangeOf([9, 10, 11]))).toBe('more')
    expect(compare(rangeOf([9, 10, 11]), rangeOf([12, 13, 14]))).toBe('less')
    expect(compare(rangeOf([9, 13, 14]), rangeOf([8, 10, 11]))).toBe('equal')
    expect(compare(rangeOf([10.5, 10.6]), rangeOf([10, 10.2]))).toBe('equal')
  })

  it('confirms what holds in every pair, refutes what is the other way in every pair, else it depends', () => {
    expect(judgePairs('more', { a: 'more', b: 'more' }).verdict).toBe('confirmed')
    expect(judgePairs('more', { a: 'less', b: 'less' }).verdict).toBe('refuted')
    expect(judgePairs('less', { a: 'less', b: 'equal' })).toEqual({
      verdict: 'depends',
      because: 'so for a; no difference beyond the rounds’ own spread for b',
    })
    expect(judgePairs('more', { a: 'equal' }).verdict).toBe('depends')
    expect(judgePairs('more', {}).verdict).toBe('not measured')
  })

  it('refutes added milliseconds within half of one when no round adds two', () => {
    expect(judgeAddedLatency(rangeOf([-0.1, 0.1, 0.4])).verdict).toBe('refuted')
    expect(judgeAddedLatency(rangeOf([0.1, 0.2, 2.5])).verdict).toBe('depends')
    expect(judgeAddedLatency(rangeOf([-3, 0.1, 0.4])).verdict).toBe('depends')
    expect(judgeAddedLatency(rangeOf([0.9, 1, 1.1])).verdict).toBe('depends')
    expect(judgeAddedLatency(rangeOf([2.1, 3, 4])).verdict).toBe('confirmed')
    const [refuted, confirmed] = [judgeAddedLatency(rangeOf([0])), judgeAddedLatency(rangeOf([3]))]
    expect(together({ a: refuted, b: refuted }).verdict).toBe('refuted')
    expect(together({ a: refuted, b: confirmed }).verdict).toBe('depends')
  })

  it('says nothing of a failure when the negative control did not fail', () => {
    const failing = { tried: 10, failed: 5 }
    expect(judgeFailure({ tried: 10, failed: 0 }, failing).verdict).toBe('refuted')
    expect(judgeFailure({ tried: 10, failed: 9 }, failing).verdict).toBe('confirmed')
    expect(judgeFailure({ tried: 10, failed: 1 }, failing).verdict).toBe('depends')
    expect(judgeFailure({ tried: 10, failed: 0 }, { tried: 10, failed: 0 }).verdict).toBe('not measured')
  })

  it('tells order within a connection from that of handlers that run at once', () => {
    expect(judgeOrder({ posts: 40, queue: 0, atOnce: 30 }).verdict).toBe('depends')
    expect(judgeOrder({ posts: 40, queue: 0, atOnce: 0 }).verdict).toBe('refuted')
    expect(judgeOrder({ posts: 40, queue: 1, atOnce: 30 }).verdict).toBe('confirmed')
  })
})

describe('figures', () => {
  it('shows a range, and one round as one figure', () => {
    expect(showRange(rangeOf([3, 1, 2]))).toBe('2 (1 to 3)')
    expect(showRange(rangeOf([1234.5]))).toBe('1,235')
    expect(() => rangeOf([])).toThrow(RangeError)
  })

  it('caps connections, and keeps two sizes of idle ones', () => {
    const { readers, idle } = atMost(fullPlan, 10)
    expect(readers).toEqual([1, 10])
    expect(idle).toEqual([5, 10])
  })

  it('counts code without comments, and branches outside of text', () => {
    const source = `// if
const a = b ?? (c ? 'if && for' : d?.e) /* || */

if (a && b) for (;;) {}
`
    expect(countCode(source)).toEqual({ lines: 2, branches: 5 })
  })
})

const chart: Chart = {
  title: 'Bytes & <frames>',
  unit: 'ms; less is better',
  bars: [
    { title: 'SSE "quoted"', side: 'sse', value: rangeOf([1, 2, 3]) },
    { title: 'below nothing', side: 'websocket', value: rangeOf([-2, -1]) },
    { title: 'missing', side: 'other' },
  ],
}

describe('the report', () => {
  it('draws well-formed SVG for light and dark pages', () => {
    const svg = toSvg(chart)
    expect(isWellFormed(svg)).toBe(true)
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).toContain('not measured')
    expect(svg).not.toContain('NaN')
    expect(isWellFormed('<svg><text>a</svg>')).toBe(false)
  })

  it('says loudly what failed, what was left out and that the machine was busy, and names no host', () => {
    const experiment = (id: string): Experiment => {
      return { id, title: `title ${id}`, how: 'by hand', run: () => Promise.reject(new Error('unused')) }
    }
    const table = { head: ['a'], rows: [['b']] }
    const finding = { said: 'It is so', verdict: 'refuted', because: 'it is not' } as const
    const measured = [
      {
        experiment: experiment('E1'),
        outcome: { findings: [finding], table, chart, notMeasured: ['the rest'] },
      },
      { experiment: experiment('E2'), failure: 'no program' },
    ]
    const surroundings = { ...describeSurroundings(), loadBefore: 4 }
    const text = toMarkdown(measured, { surroundings, plan: 'quick', rounds: 3, seconds: 9.6 }, 'claims')
    expect(text).toContain('| It is so | **refuted** | E1 |')
    expect(text).toContain('![Bytes & <frames>](claims/e1.svg)')
    expect(text).toContain('**Not measured.** the rest')
    expect(text).toContain('**Not measured: no program**')
    expect(text).toContain('A noisy machine')
    expect(text).toContain('Honest limits of both')
    expect(surroundings.versions.ws).toMatch(/^\d+\.\d+/)
    expect(surroundings.versions.fairlead).toMatch(/^\d+\.\d+/)
  })
})

/** Tags open and close in order, and no bare `&` is left: what these pictures can get wrong. */
function isWellFormed(xml: string): boolean {
  if (/&(?!amp;|lt;|gt;|quot;)/.test(xml)) return false
  const open: string[] = []
  for (const [, closing, name, rest] of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/g)) {
    if (closing) {
      if (open.pop() !== name) return false
    } else if (!rest!.endsWith('/')) open.push(name!)
  }
  const bare = xml.replace(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '')
  return open.length === 0 && !bare.includes('<')
}
