import { describe, expect, it } from 'vitest'
import { toSvg } from '../../bench/harness/chart.ts'
import type { Figures } from '../../bench/harness/measure.ts'
import { selfTimes } from '../../bench/harness/profile.ts'
import { tableOf, toMarkdown } from '../../bench/harness/report.ts'
import { summarise } from '../../bench/harness/results.ts'
import { type FanOutRow, rows } from '../../bench/harness/rows.ts'

const row: FanOutRow = {
  kind: 'fan-out',
  name: 'small',
  title: '1 → 10 & <more>',
  subscribers: 10,
  channels: 1,
  perTick: 1,
  ticksPerSecond: 50,
  size: 100,
  contestants: [
    { subject: 'fairlead', transport: 'sse' },
    { subject: 'ws', transport: 'websocket', aim: { atMost: 0.5 } },
    { subject: 'centrifugo', transport: 'websocket', aim: { atMost: 0.5 } },
  ],
}

const figures = (value: number, more: Partial<Figures> = {}): Figures => ({ value, ...more })

/** Rounds whose middle ones are not of the same round: the median of ratios is not the ratio of medians. */
const result = summarise(row, [
  [figures(10), figures(20), figures(90)],
  [figures(40), figures(100, { lost: 3 }), figures(100, { serverShare: 0.97 })],
  ['Centrifugo is not there', 'Centrifugo is not there', 'Centrifugo is not there'],
])

describe('the results of a row', () => {
  it('hold ratios of figures that were taken side by side', () => {
    const [, ws] = result.outcomes
    expect(ws?.value).toEqual({ median: 100, lowest: 40, highest: 100 })
    expect(ws?.ratio).toEqual({ median: 0.25, lowest: 0.2, highest: 0.9 })
    expect(ws?.reached).toBe(true)
  })

  it('say loudly what was not measured, what was lost, and whose core was full', () => {
    const table = tableOf(result)
    expect(table).toContain('**not measured**: Centrifugo is not there')
    expect(table).toContain('100 (40 to 100) * **3 events did not come**')
    expect(table).not.toMatch(/NaN|undefined|Infinity/)
    const widths = table.split('\n').map((line) => line.split(' | ').length)
    expect(new Set(widths).size).toBe(1)
  })

  it('become a chart that is well-formed, with the same words', () => {
    const svg = toSvg(result)
    expect(svg).toContain('1 → 10 &amp; &lt;more&gt;')
    expect(svg).toContain('not measured: Centrifugo is not there')
    expect(svg.match(/<rect/g)).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|undefined/)
  })

  it('name the machine, and neither a host nor a path', () => {
    const machine = {
      cpu: 'A CPU',
      cores: 2,
      memoryGiB: 4,
      kernel: 'Linux 6.1',
      system: 'Debian',
      versions: { node: '20' },
    }
    const text = toMarkdown({ machine, rows: [result] }, true)
    expect(text).toContain('A CPU, 2 cores, 4 GiB, Linux 6.1, Debian. node 20.')
    expect(text).toContain('](small.svg)')
    expect(text).not.toMatch(/\/(home|root|work|tmp)\//)
  })
})

describe('the rows', () => {
  it('have names of their own, ours first, and an aim or a reason to be shown', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    for (const { contestants } of rows) expect(contestants[0].subject).toBe('fairlead')
  })
})

describe('a profile', () => {
  it('is summed by function, without the time in which nothing was done', () => {
    const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 })
    const times = selfTimes({
      nodes: [
        { id: 1, callFrame: frame('(idle)') },
        { id: 2, callFrame: frame('write', 'node:net') },
        { id: 3, callFrame: frame('', 'file:///srv/topic.js') },
        { id: 4, callFrame: frame('write', 'node:net') },
      ],
      samples: [1, 2, 3, 4],
      timeDeltas: [9000, 1000, 1000, 2000],
    })
    expect(times).toEqual([
      { where: 'write node:net:5', share: 0.75, milliseconds: 3 },
      { where: '(anonymous) topic.js:5', share: 0.25, milliseconds: 1 },
    ])
  })
})
