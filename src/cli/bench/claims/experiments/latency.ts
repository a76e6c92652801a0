import type { Bar, ClaimContext, Experiment, Outcome } from '../claim.ts'
import { arriveMs, inTurn, nameOf, type Pair, rounds, withPair } from '../pair.ts'
import { forkRole, type Role } from '../role.ts'
import type { Downstream } from '../roles/bare-server.ts'
import type { FairleadRole } from '../roles/fairlead-server.ts'
import type { Reader } from '../roles/reader.ts'
import { type Range, rangeOf, showRange } from '../samples.ts'
import { type Judgement, judgeAddedLatency, together } from '../verdict.ts'

/** E3: what an event of SSE adds to a WebSocket frame. */
export const latency: Experiment = {
  id: 'E3',
  title: 'Added latency of an event',
  how: 'One publisher sends stamped events of 100 bytes at 20 a second; readers take the time when they have the event. The same on bare `node:http` and `ws`, and on one Fairlead server that serves both. SSE and WebSocket in turn, round by round; the difference is that of the medians of a round.',
  run: measureLatency,
}

const perSecond = 20
const bytes = 100

/** Medians in milliseconds, by round. */
type Series = Record<Downstream, number[]>

async function measureLatency(context: ClaimContext): Promise<Outcome> {
  const found: { name: string; count: number; series: Series }[] = []
  for (const count of context.plan.readers) {
    const readers = count === 1 ? '1 reader' : `${count} readers`
    context.tell(`${readers}, bare servers`)
    found.push({ name: `${readers} bare`, count, series: await bareSeries(context, count) })
    context.tell(`${readers}, Fairlead`)
    found.push({ name: `${readers} Fairlead`, count, series: await fairleadSeries(context, count) })
  }
  const added = found.map(({ name, series }) => ({ name, added: addedBy(series) }))
  const judged = (of: (count: number) => boolean): Judgement => {
    const names = found.filter(({ count }) => of(count)).map(({ name }) => name)
    const chosen = added.filter(({ name }) => names.includes(name))
    return together(Object.fromEntries(chosen.map(({ name, added }) => [name, judgeAddedLatency(added)])))
  }
  const few = Math.min(...context.plan.readers)
  return {
    findings: [
      {
        said: 'SSE’s text format and HTTP framing add a few milliseconds per event',
        ...judged((count) => count === few),
      },
      { said: 'Those milliseconds accumulate under load (many readers)', ...judged((count) => count > few) },
    ],
    table: {
      head: ['readers', 'SSE, median of a round, ms', 'WebSocket, ms', 'SSE minus WebSocket, ms'],
      rows: found.map(({ name, series }, i) => [
        name,
        showRange(rangeOf(series.sse)),
        showRange(rangeOf(series.websocket)),
        showRange(added[i]!.added),
      ]),
    },
    chart: {
      title: 'From the publisher to a reader',
      unit: 'ms, median event; less is better',
      bars: bars(found),
    },
    remarks: [
      'Publisher and readers share one machine: with many readers the figure is mostly the time until a reader’s turn comes, on either transport.',
    ],
  }
}

function addedBy({ sse, websocket }: Series): Range {
  return rangeOf(sse.map((ms, round) => ms - websocket[round]!))
}

function bars(found: readonly { name: string; series: Series }[]): Bar[] {
  return found.flatMap(({ name, series }) =>
    (['sse', 'websocket'] as const).map((side) => ({
      title: `${name}, ${nameOf[side]}`,
      value: rangeOf(series[side]),
      side,
    })),
  )
}

async function bareSeries(context: ClaimContext, count: number): Promise<Series> {
  const series: Series = { sse: [], websocket: [] }
  await withPair('sse', count, (sse) =>
    withPair('websocket', count, async (websocket) => {
      const pairs = { sse, websocket }
      await bareRound(pairs.sse, 'sse', count, 3) // For the compiler.
      await bareRound(pairs.websocket, 'websocket', count, 3)
      await rounds(context.plan.rounds, context, async (round) => {
        for (const to of inTurn(round))
          series[to].push(await bareRound(pairs[to], to, count, context.plan.events))
      })
    }),
  )
  return series
}

async function bareRound(
  { server, reader }: Pair,
  to: Downstream,
  readers: number,
  events: number,
): Promise<number> {
  await reader.ask('forget')
  await server.ask('publish', { to, count: events, perSecond, bytes })
  return medianSeen(reader, readers * events)
}

async function medianSeen(reader: Role<Reader>, stamped: number): Promise<number> {
  const seen = await reader.ask('reached', { stamped, ms: arriveMs })
  if (seen.stamped < stamped)
    throw new Error(`${seen.stamped} of ${stamped} events came within ${arriveMs} ms.`)
  return (seen.latency?.median ?? 0) / 1000
}

async function fairleadSeries(context: ClaimContext, count: number): Promise<Series> {
  const server = forkRole<FairleadRole>('fairlead-server')
  const readers = { sse: forkRole<Reader>('reader'), websocket: forkRole<Reader>('reader') }
  const series: Series = { sse: [], websocket: [] }
  try {
    const { url } = await server.ask('listen')
    for (const to of ['sse', 'websocket'] as const) {
      const opening = { url: `${url}/load/${to}`, transport: to, count }
      const { open, failure } = await readers[to].ask('open', opening)
      if (open < count) throw new Error(`${open} of ${count} readers could connect: ${failure}`)
      await fairleadRound(server, readers[to], to, { count, events: 3 })
    }
    await rounds(context.plan.rounds, context, async (round) => {
      for (const to of inTurn(round))
        series[to].push(await fairleadRound(server, readers[to], to, { count, events: context.plan.events }))
    })
  } finally {
    for (const role of [server, readers.sse, readers.websocket]) role.close()
  }
  return series
}

async function fairleadRound(
  server: Role<FairleadRole>,
  reader: Role<Reader>,
  to: Downstream,
  { count, events }: { count: number; events: number },
): Promise<number> {
  await reader.ask('forget')
  await server.ask('publish', { channel: `load/${to}`, count: events, perSecond, bytes })
  return medianSeen(reader, count * events)
}
