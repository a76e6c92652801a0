import { readdirSync, readFileSync } from 'node:fs'
import type { Experiment, Outcome } from '../claim.ts'
import { type CodeCount, countCode } from '../count-code.ts'
import { rangeOf } from '../samples.ts'
import { judgePairs } from '../verdict.ts'

/** E12: what an application has to write itself. */
export const lines: Experiment = {
  id: 'E12',
  title: 'Lines and branches of a dashboard',
  how: 'Four programs do the same: orders, stock and visitors are pushed to a page, a mute goes up, and a cut loses and repeats nothing that the server still has, also where a proxy answers 502 for a while, and a line that died quietly is noticed. Lines without comments and branches are counted, server and page together; a test runs each through a cut and a 502.',
  run: async () => measureLines(),
}

/** Where the programs lie in the repository; the package is published without them. */
const folder = new URL('../../../../../bench/claims/', import.meta.url)

const titles: Readonly<Record<string, { title: string; side: 'sse' | 'websocket' | 'other' }>> = {
  'event-source': { title: 'raw EventSource and node:http', side: 'sse' },
  ws: { title: 'raw ws', side: 'websocket' },
  'socket-io': { title: 'Socket.IO', side: 'other' },
  fairlead: { title: 'Fairlead', side: 'other' },
}

function measureLines(): Outcome {
  const files = programs()
  const counts = Object.entries(titles).map(([name, { title, side }]) => ({
    title,
    side,
    server: countFile(files, `${name}-server.mjs`),
    page: countFile(files, `${name}-page.mjs`),
  }))
  const [sse, webSocket] = counts.map(sumOf)
  const than = (a: number, b: number): 'less' | 'more' | 'equal' =>
    a < b * 0.9 ? 'less' : a > b * 1.1 ? 'more' : 'equal'
  return {
    findings: [
      {
        said: 'SSE is simpler code than WebSockets for a dashboard, with automatic reconnection',
        ...judgePairs('less', {
          lines: than(sse!.lines, webSocket!.lines),
          branches: than(sse!.branches, webSocket!.branches),
        }),
      },
    ],
    table: {
      head: ['', 'server, lines', 'branches', 'page, lines', 'branches', 'together, lines', 'branches'],
      rows: counts.map((one) =>
        [
          one.title,
          ...[one.server, one.page, sumOf(one)].flatMap(({ lines, branches }) => [lines, branches]),
        ].map(String),
      ),
    },
    chart: {
      title: 'Lines of the dashboard, server and page',
      unit: 'lines without comments; less is better',
      bars: counts.map((one) => ({ title: one.title, side: one.side, value: rangeOf([sumOf(one).lines]) })),
    },
    remarks: [
      'Lines are counted, not measured: others would write them otherwise. What counts is what each has to write at all; the programs are in `bench/claims` of the repository.',
    ],
  }
}

function programs(): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    throw new Error('the four programs are not in the package: run it in a clone of the repository')
  }
}

function countFile(files: readonly string[], name: string): CodeCount {
  if (!files.includes(name)) throw new Error(`the program ${name} is missing`)
  return countCode(readFileSync(new URL(name, folder), 'utf8'))
}

function sumOf({ server, page }: { server: CodeCount; page: CodeCount }): CodeCount {
  return { lines: server.lines + page.lines, branches: server.branches + page.branches }
}
