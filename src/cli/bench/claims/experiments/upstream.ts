import { setTimeout as wait } from 'node:timers/promises'
import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { rounds } from '../pair.ts'
import { forkRole, type Role } from '../role.ts'
import type { BareServer } from '../roles/bare-server.ts'
import type { DelayProxy } from '../roles/delay-proxy.ts'
import type { Sender, Upstream } from '../roles/sender.ts'
import { medianOf, type Range, rangeOf, show, showRange } from '../samples.ts'
import { compare, judgePairs } from '../verdict.ts'

/** E1: a request against a frame. */
export const upstream: Experiment = {
  id: 'E1',
  title: 'POST against frame',
  how: 'Messages of 100 bytes up: as frames, and as POSTs with a browser’s headers over HTTP/1.1 (five connections: the stream holds the sixth) and over one of HTTP/2. Bytes of both ways are counted by a proxy, requests and answers together; CPU is the server’s; delay is one way, from the program’s send to the server having the message, through a proxy that delays by half a round trip each way.',
  run: measureUpstream,
}

const kinds: readonly { kind: Upstream; title: string }[] = [
  { kind: 'websocket', title: 'frame' },
  { kind: 'websocket-answered', title: 'frame, answered' },
  { kind: 'http2', title: 'POST on HTTP/2' },
  { kind: 'http1', title: 'POST on HTTP/1.1' },
]
const paced = kinds.filter(({ kind }) => kind !== 'websocket-answered')
const bytes = 100
const roundTrips = [0, 50] as const
const arriveMs = 15_000
/** A frame "wins" where the slowest hundredth of POSTs is later by more than a fifth and by more than 5 ms. */
const betterBy = { share: 1.2, ms: 5 }

interface Up {
  readonly server: Role<BareServer>
  readonly sender: Role<Sender>
  readonly ports: { readonly http1: number; readonly http2: number }
}

async function measureUpstream(context: ClaimContext): Promise<Outcome> {
  const server = forkRole<BareServer>('bare-server')
  const sender = forkRole<Sender>('sender')
  const proxy = forkRole<DelayProxy>('delay-proxy')
  try {
    const up = { server, sender, ports: await server.ask('listen') }
    const wire = new Map<Upstream, number>()
    for (const { kind } of kinds) wire.set(kind, await bytesEach(up, proxy, kind))
    const cpu = await cpuEach(context, up)
    const delays = await delaysAt(context, up, proxy)
    return report(wire, cpu, delays)
  } finally {
    server.close()
    sender.close()
    proxy.close()
  }
}

function portOf({ ports }: Up, kind: Upstream): number {
  return kind === 'http2' ? ports.http2 : ports.http1
}

function pathOf(kind: Upstream): string {
  return kind.startsWith('websocket') ? '/ws' : '/up'
}

/** What a hundred more cost: headers are remembered from the first on, and handshakes are not counted. */
async function bytesEach(up: Up, proxy: Role<DelayProxy>, kind: Upstream): Promise<number> {
  const few = 100
  const { port } = await proxy.ask('listen', { target: portOf(up, kind), roundTripMs: 0 })
  const total = async (count: number): Promise<number> => {
    const before = await proxy.ask('bytes')
    await send(up, kind, port, { count, perSecond: 0 })
    const after = await proxy.ask('bytes')
    return after.up + after.down - before.up - before.down
  }
  return ((await total(few * 2)) - (await total(few))) / few
}

async function send(
  { server, sender }: Up,
  kind: Upstream,
  port: number,
  what: { count: number; perSecond: number },
): Promise<void> {
  await server.ask('forget')
  const { failed } = await sender.ask('send', { kind, port, path: pathOf(kind), bytes, ...what })
  if (failed > 0) throw new Error(`${failed} of ${what.count} messages failed over ${kind}.`)
  // The first message, which opens the connection, counts too.
  for (const until = performance.now() + arriveMs; ; ) {
    const { received } = await server.ask('counts')
    if (received > what.count) return
    if (performance.now() > until) throw new Error(`${received} of ${what.count} messages came over ${kind}.`)
    await wait(10)
  }
}

async function cpuEach(context: ClaimContext, up: Up): Promise<Map<Upstream, Range>> {
  const figures = new Map<Upstream, number[]>(kinds.map(({ kind }) => [kind, []]))
  await rounds(context.plan.rounds + 1, context, async (round) => {
    context.tell(round === 0 ? 'CPU, warming up' : `CPU, round ${round}`)
    for (const { kind } of kinds) {
      const before = await up.server.ask('usage', { clear: false })
      await send(up, kind, portOf(up, kind), { count: context.plan.upMessages, perSecond: 0 })
      const after = await up.server.ask('usage', { clear: false })
      if (round > 0) figures.get(kind)!.push((after.cpuUs - before.cpuUs) / context.plan.upMessages)
    }
  })
  return new Map([...figures].map(([kind, values]) => [kind, rangeOf(values)]))
}

interface DelayCase {
  readonly roundTripMs: number
  readonly perSecond: number
  /** In milliseconds, by round: the median message, and the slowest hundredth. */
  readonly median: Map<Upstream, number[]>
  readonly p99: Map<Upstream, number[]>
}

async function delaysAt(context: ClaimContext, up: Up, proxy: Role<DelayProxy>): Promise<DelayCase[]> {
  const cases: DelayCase[] = []
  for (const roundTripMs of roundTrips) {
    const ports = new Map<Upstream, number>()
    for (const { kind } of paced)
      ports.set(kind, (await proxy.ask('listen', { target: portOf(up, kind), roundTripMs })).port)
    for (const perSecond of context.plan.upRates) {
      context.tell(`${perSecond} a second, round trip ${roundTripMs} ms`)
      const empty = (): Map<Upstream, number[]> => new Map(paced.map(({ kind }) => [kind, []]))
      const one = { roundTripMs, perSecond, median: empty(), p99: empty() }
      cases.push(one)
      await rounds(Math.min(3, context.plan.rounds), context, () => delayRound(context, up, one, ports))
    }
  }
  return cases
}

async function delayRound(
  { plan }: ClaimContext,
  up: Up,
  one: DelayCase,
  ports: ReadonlyMap<Upstream, number>,
): Promise<void> {
  const count = Math.max(5, Math.round(one.perSecond * plan.upSeconds))
  for (const [kind, port] of ports) {
    await send(up, kind, port, { count, perSecond: one.perSecond })
    const { latency } = await up.server.ask('counts')
    one.median.get(kind)!.push((latency?.median ?? 0) / 1000)
    one.p99.get(kind)!.push((latency?.p99 ?? 0) / 1000)
  }
}

/** The lowest rate from which on frames are clearly ahead at every rate, or none that was tried. */
function crossover(cases: readonly DelayCase[], kind: Upstream, roundTripMs: number): string {
  const tried = cases.filter((one) => one.roundTripMs === roundTripMs)
  const from = tried.findLastIndex((one) => !isAhead(one, kind)) + 1
  const first = tried[from]
  return first ? `from ${first.perSecond} a second on` : 'at no rate that was tried'
}

/** Every round of frames is better than any of POSTs, and by so much. */
function isAhead({ p99 }: DelayCase, kind: Upstream): boolean {
  const post = rangeOf(p99.get(kind)!)
  const frame = rangeOf(p99.get('websocket')!)
  return compare(post, frame, betterBy.share) === 'more' && post.median - frame.median > betterBy.ms
}

function report(
  wire: ReadonlyMap<Upstream, number>,
  cpu: ReadonlyMap<Upstream, Range>,
  delays: DelayCase[],
): Outcome {
  const posts = ['http1', 'http2'] as const
  const title = (kind: Upstream): string => kinds.find((one) => one.kind === kind)!.title
  const delayed = delays.flatMap((one) =>
    posts.map((kind) => {
      const standing = compare(rangeOf(one.median.get(kind)!), rangeOf(one.median.get('websocket')!))
      return [`${title(kind)} at ${one.perSecond}/s and ${one.roundTripMs} ms`, standing] as const
    }),
  )
  const dearer = posts.map((kind) => [title(kind), compare(cpu.get(kind)!, cpu.get('websocket')!)] as const)
  return {
    findings: [
      {
        said: 'A separate POST for each client action adds latency',
        ...judgePairs('more', Object.fromEntries(delayed)),
      },
      {
        said: 'For frequent updates (a cursor) separate requests become problematic: CPU of the server',
        ...judgePairs('more', Object.fromEntries(dearer)),
      },
    ],
    table: {
      head: ['100 bytes up', 'bytes, both ways', 'server CPU, µs', ...delays.map(caseName)],
      rows: kinds.map(({ kind, title }) => [
        title,
        show(Math.round(wire.get(kind)!)),
        showRange(cpu.get(kind)!),
        ...delays.map(({ median, p99 }) =>
          median.has(kind)
            ? `${showRange(rangeOf(median.get(kind)!))}; p99 ${show(medianOf(p99.get(kind)!))}`
            : '–',
        ),
      ]),
    },
    chart: {
      title: 'Server CPU of a message up',
      unit: 'µs; less is better',
      bars: kinds.map(({ kind, title }) => {
        return { title, side: kind.startsWith('websocket') ? 'websocket' : 'sse', value: cpu.get(kind)! }
      }),
    },
    remarks: [
      'Delays are one way, in ms: the median of a round with the range of the rounds, and the median round’s p99.',
      ...roundTrips.flatMap((roundTripMs) =>
        posts.map(
          (kind) =>
            `A frame beats ${title(kind)} by more than 5 ms and a fifth (p99, round trip ${roundTripMs} ms) ${crossover(delays, kind, roundTripMs)}.`,
        ),
      ),
      'A handshake is not in the figures: connections are warm, as a page’s are. Without TLS.',
    ],
  }
}

function caseName({ perSecond, roundTripMs }: DelayCase): string {
  return `${perSecond}/s, ${roundTripMs} ms`
}
