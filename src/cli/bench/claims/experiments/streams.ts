import { setTimeout as wait } from 'node:timers/promises'
import { findBrowsers, openPage } from '../browser.ts'
import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { rounds } from '../pair.ts'
import { forkRole, type Role } from '../role.ts'
import type { BareServer } from '../roles/bare-server.ts'
import type { Reader } from '../roles/reader.ts'
import { rangeOf, showRange } from '../samples.ts'
import type { Judgement } from '../verdict.ts'

/** E10: how many streams a page can have. */
export const streams: Experiment = {
  id: 'E10',
  title: 'Six connections',
  how: 'A page asks for twenty streams of one host at once, and the server counts those it has. Browsers that are found on this machine; and a model of them in Node: an agent with six sockets for HTTP/1.1, one session for HTTP/2, a socket each for WebSocket.',
  run: measureStreams,
}

const asked = 20
/** A browser starts slowly; then the count must stand still for a while. */
const startMs = 20_000
const steadyMs = 1500
const settleMs = 700

type Counted = 'sse' | 'websocket'

interface Case {
  readonly title: string
  readonly side: Counted
  readonly open: number[]
  readonly run: () => Promise<number>
}

async function measureStreams(context: ClaimContext): Promise<Outcome> {
  const model = (title: string, side: Counted, how: Parameters<typeof openModel>[1]): Case => {
    return {
      title,
      side,
      open: [],
      run: () => withServer((server, ports) => openModel({ server, ports }, how)),
    }
  }
  const cases: Case[] = [
    model('model, SSE, HTTP/1.1', 'sse', 'sse'),
    model('model, SSE, HTTP/2', 'sse', 'sse-http2'),
    model('model, WebSocket', 'websocket', 'websocket'),
  ]
  const browsers = findBrowsers()
  for (const browser of browsers) {
    for (const side of ['sse', 'websocket'] as const) {
      const title = `${browser.name}, ${side === 'sse' ? 'SSE, HTTP/1.1' : 'WebSocket'}`
      const run = (): Promise<number> =>
        withServer((server, { http1 }) => {
          const page = `http://127.0.0.1:${http1}/page?transport=${side}&count=${asked}`
          return steadyCount(server, side, openPage(browser, page))
        })
      cases.push({ title, side, open: [], run })
    }
  }
  await rounds(Math.min(2, context.plan.idleRounds), context, async () => {
    for (const { title, open, run } of cases) {
      context.tell(title)
      open.push(await run())
    }
  })
  return report(cases, browsers.length)
}

type Ports = { readonly http1: number; readonly http2: number }

async function withServer(use: (server: Role<BareServer>, ports: Ports) => Promise<number>): Promise<number> {
  const server = forkRole<BareServer>('bare-server')
  try {
    return await use(server, await server.ask('listen'))
  } finally {
    server.close()
  }
}

async function openModel(
  { server, ports }: { server: Role<BareServer>; ports: Ports },
  transport: 'sse' | 'sse-http2' | 'websocket',
): Promise<number> {
  const reader = forkRole<Reader>('reader')
  const port = transport === 'sse-http2' ? ports.http2 : ports.http1
  const url = `http://127.0.0.1:${port}/${transport === 'websocket' ? 'ws' : 'sse'}`
  const limit = transport === 'sse' ? { sockets: 6 } : {}
  try {
    await reader.ask('open', { url, transport, count: asked, ms: settleMs, ...limit })
    const { sse, websocket } = await server.ask('counts')
    return transport === 'websocket' ? websocket : sse
  } finally {
    reader.close()
  }
}

/** How many the server has when no more have come for a while; 0 when the page never came. */
async function steadyCount(server: Role<BareServer>, side: Counted, close: () => void): Promise<number> {
  const began = performance.now()
  let last = { count: 0, at: began }
  try {
    while (performance.now() - began < startMs) {
      const { [side]: count } = await server.ask('counts')
      if (count !== last.count) last = { count, at: performance.now() }
      if (count > 0 && performance.now() - last.at > steadyMs) return count
      await wait(100)
    }
    return last.count
  } finally {
    close()
  }
}

function report(cases: readonly Case[], browsers: number): Outcome {
  const of = (title: string): number | undefined => cases.find((one) => one.title.endsWith(title))?.open[0]
  const real = cases.filter(({ title }) => !title.startsWith('model') && title.endsWith('HTTP/1.1'))
  const counts = real.flatMap(({ open }) => open)
  return {
    findings: [
      { said: 'Browsers limit concurrent SSE to typically six per domain (HTTP/1.1)', ...judgeSix(counts) },
      {
        said: 'Each stream of HTTP/2 still counts toward the per-domain limit',
        ...((of('model, SSE, HTTP/2') ?? 0) === asked
          ? {
              verdict: 'refuted' as const,
              because: `${asked} of ${asked} streams were open on one connection (Node’s client; browsers allow a hundred and more by their sources)`,
            }
          : { verdict: 'depends' as const, because: 'not all streams of the session were open' }),
      },
    ],
    table: {
      head: ['', `open of ${asked}`],
      rows: cases.map(({ title, open }) => [title, showRange(rangeOf(open))]),
    },
    chart: {
      title: 'Streams that are open at once',
      unit: `of ${asked} that were asked for; more is better`,
      bars: cases.map(({ title, side, open }) => ({ title, side, value: rangeOf(open) })),
    },
    notMeasured: [
      'HTTP/2 in a browser: it needs TLS, and so a certificate that the browser trusts.',
      ...(browsers === 0
        ? ['No Chromium and no Firefox were found on the path: install one and run this again.']
        : []),
    ],
  }
}

/** Only browsers can say what browsers do: the model was told. */
function judgeSix(open: readonly number[]): Judgement {
  const came = open.filter((count) => count > 0)
  if (came.length === 0)
    return { verdict: 'not measured', because: 'no browser was found; the model was given its six' }
  const said = `browsers on this machine had ${[...new Set(came)].join(' and ')} open`
  if (came.every((count) => count === 6)) return { verdict: 'confirmed', because: said }
  return { verdict: came.every((count) => count > 6) ? 'refuted' : 'depends', because: said }
}
