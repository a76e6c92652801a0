import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { arriveMs, inTurn, nameOf, type Pair, rounds, withPair } from '../pair.ts'
import type { Downstream } from '../roles/bare-server.ts'
import { rangeOf, show, showRange } from '../samples.ts'
import { compare, judgePairs } from '../verdict.ts'

/** E4: small messages as fast as they go. */
export const throughput: Experiment = {
  id: 'E4',
  title: 'Throughput of small messages',
  how: 'A bare server writes to its readers as fast as their sockets drain (64 KB each at most); messages a second count until the last one was read. With one connection and with a hundred, each message written by itself, and all of a turn as one (`cork`).',
  run: measureThroughput,
}

interface Case {
  readonly name: string
  readonly connections: number
  readonly bytes: number
  readonly corked: boolean
  readonly rates: Record<Downstream, number[]>
  readonly cpu: Record<Downstream, number[]>
}

async function measureThroughput(context: ClaimContext): Promise<Outcome> {
  const cases: Case[] = []
  for (const connections of context.plan.floodConnections) {
    await withPair('sse', connections, (sse) =>
      withPair('websocket', connections, async (websocket) => {
        for (const one of casesOf(connections, context.plan.floodBytes)) {
          context.tell(one.name)
          cases.push(one)
          await rounds(context.plan.rounds, context, async (round) => {
            for (const to of inTurn(round)) await flood({ sse, websocket }[to], to, one, context.plan.floodMs)
          })
        }
      }),
    )
  }
  const found = cases.map(
    ({ name, rates }) => [name, compare(rangeOf(rates.websocket), rangeOf(rates.sse))] as const,
  )
  return {
    findings: [
      {
        said: 'In benchmarks WebSockets often have higher throughput for small messages',
        ...judgePairs('more', Object.fromEntries(found)),
      },
    ],
    table: {
      head: ['', 'SSE, messages/s', 'WebSocket, messages/s', 'server CPU, µs a message, SSE', 'WebSocket'],
      rows: cases.map(({ name, rates, cpu }) => [
        name,
        ...(['sse', 'websocket'] as const).map((to) => showRange(rangeOf(rates[to]))),
        ...(['sse', 'websocket'] as const).map((to) => show(rangeOf(cpu[to]).median)),
      ]),
    },
    chart: {
      title: 'Messages read a second',
      unit: 'messages/s; more is better',
      bars: cases.flatMap(({ name, rates }) =>
        (['sse', 'websocket'] as const).map((side) => ({
          title: `${name}, ${nameOf[side]}`,
          value: rangeOf(rates[side]),
          side,
        })),
      ),
    },
    remarks: [
      'This compares `node:http` with `ws`, not two formats: `node:http` gathers the chunks of a turn by itself, `ws` does not, and the reader of events does less than a WebSocket’s (no frames to take apart). A server that shares its bytes, as Fairlead does, has another price: see the bench.',
    ],
  }
}

function casesOf(connections: number, sizes: readonly number[]): Case[] {
  const way = connections === 1 ? '1 connection' : `${connections} connections`
  return sizes.flatMap((bytes) =>
    [false, true].map((corked) => ({
      name: `${way} of ${bytes} B${corked ? ' corked' : ''}`,
      connections,
      bytes,
      corked,
      rates: { sse: [], websocket: [] },
      cpu: { sse: [], websocket: [] },
    })),
  )
}

async function flood({ server, reader }: Pair, to: Downstream, one: Case, ms: number): Promise<void> {
  await reader.ask('forget')
  const began = performance.now()
  const { sent, cpuUs } = await server.ask('flood', { to, ms, bytes: one.bytes, corked: one.corked })
  const { events } = await reader.ask('reached', { events: sent, ms: arriveMs })
  if (events < sent) throw new Error(`${events} of ${sent} messages came within ${arriveMs} ms.`)
  one.rates[to].push((sent * 1000) / (performance.now() - began))
  one.cpu[to].push(cpuUs / sent)
}
