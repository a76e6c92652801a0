import { describe, expect, it } from 'vitest'
import { toSvg } from '../../bench/harness/chart.ts'
import type { Figures } from '../../bench/harness/measure.ts'
import { profileToMarkdown, selfTimes } from '../../bench/harness/profile.ts'
import { tableOf, toMarkdown } from '../../bench/harness/report.ts'
import { type RowResult, summarise } from '../../bench/harness/results.ts'
import type { FanOutRow } from '../../bench/harness/row.ts'
import { rows } from '../../bench/harness/rows.ts'

const row: FanOutRow = {
  kind: 'fan-out',
  name: 'small',
  title: '1 → 10 & <more>',
  figure: 'cpu',
  load: {
    subscribers: 10,
    channels: 1,
    inTurn: false,
    existing: 0,
    warming: 0,
    perTick: 1,
    ticksPerSecond: 50,
    size: 100,
  },
  contestants: [
    { subject: 'fairlead', transport: 'sse' },
    { subject: 'ws', transport: 'websocket', aim: { atMost: 0.5 } },
    { subject: 'centrifugo', transport: 'websocket', aim: { atMost: 0.5 } },
  ],
}

const machine = {
  cpu: 'A CPU',
  cores: 2,
  memoryGiB: 4,
  kernel: 'Linux 6.1',
  system: 'Debian',
  versions: { node: '20' },
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
    expect(svg.match(/<rect class="(ours|peer)"/g)).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|undefined/)
  })

  it('name the machine, and neither a host nor a path', () => {
    const text = toMarkdown({ machine, rows: [result] }, true)
    expect(text).toContain('A CPU, 2 cores, 4 GiB, Linux 6.1, Debian. node 20.')
    expect(text).toContain('](small.svg)')
    expect(text).not.toMatch(/\/(home|root|work|tmp)\//)
  })
})

describe('an aim', () => {
  it('of the first line is one for its figure', () => {
    const [ours, ...peers] = row.contestants
    const judged = (atMost: number) =>
      summarise({ ...row, contestants: [{ ...ours, aim: { atMost } }, ...peers] }, [[figures(4990)]])
    expect(judged(5000).outcomes[0]?.reached).toBe(true)
    expect(judged(4900).outcomes[0]?.reached).toBe(false)
    expect(tableOf(judged(4900))).toContain('| Fairlead | 4,990 |  | ≤ 4,900 | NOT REACHED |')
  })

  it('may be for another one of ours, beside a peer', () => {
    const plain = { ...row.contestants[0], title: 'Plain', against: 'ws', aim: { atMost: 1.2 } }
    const [ours, ws] = row.contestants
    const runs = [[figures(9)], [figures(11)], [figures(10)]]
    const { outcomes } = summarise({ ...row, contestants: [ours, plain, ws!] }, runs)
    expect(outcomes[1]).toMatchObject({
      ours: true,
      reached: true,
      ratio: { median: 1.1 },
      against: 'bare ws',
    })
    expect(outcomes[2]).toMatchObject({ ours: false, ratio: { median: 0.9 } })
  })

  it('may span rows: growth with subscribers is in the report when all its rows are', () => {
    const [ours] = row.contestants
    const step = (name: string, floor: number): RowResult =>
      summarise({ ...row, name, contestants: [ours, { subject: 'floor', transport: 'websocket' }] }, [
        [figures(11)],
        [figures(floor)],
      ])
    const steps = [step('fanout-1000-ws', 10), step('growth-100-ws', 10.5), step('growth-10000-ws', 5)]
    const text = toMarkdown({ machine, rows: steps })
    expect(text).toContain('| 100 | `growth-100-ws` | 1.05 | -0.05 | ≤ 0.1 | reached |')
    expect(text).toContain('| 10,000 | `growth-10000-ws` | 2.20 | 1.10 | ≤ 0.1 | NOT REACHED |')
    expect(toMarkdown({ machine, rows: steps.slice(1) })).not.toContain('Growth')
  })
})

describe('the rows', () => {
  it('have names of their own, ours first, and an aim or a reason to be shown', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    for (const { contestants } of rows) {
      expect(contestants[0].subject).toBe('fairlead')
      const names = contestants.map(({ subject, title }) => title ?? subject)
      for (const { against } of contestants) if (against !== undefined) expect(names).toContain(against)
    }
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
    expect(profileToMarkdown('1 → 10', times)).toContain('| 25.0 % | 1 | `(anonymous) topic.js:5` |')
  })
})
