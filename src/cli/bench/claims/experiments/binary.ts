import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { arriveMs, inTurn, type Pair, rounds, withPair } from '../pair.ts'
import type { Downstream } from '../roles/bare-server.ts'
import { rangeOf, show, showRange } from '../samples.ts'
import { compare, judgePairs } from '../verdict.ts'

/** E2: bytes over a stream of text. */
export const binary: Experiment = {
  id: 'E2',
  title: 'Binary data',
  how: 'Random bytes to one reader: as base64 in `data:` lines, and as binary frames. Bytes are counted at the reader’s socket, HTTP’s chunk sizes and frame headers with them; CPU is of the server and of the reader together, with encoding and decoding.',
  run: measureBinary,
}

const sizes = [20, 160, 1024, 16 * 1024, 64 * 1024] as const

interface Case {
  readonly size: number
  readonly wire: Record<Downstream, number>
  readonly cpu: Record<Downstream, number[]>
}

async function measureBinary(context: ClaimContext): Promise<Outcome> {
  const cases = sizes.map((size): Case => {
    return { size, wire: { sse: 0, websocket: 0 }, cpu: { sse: [], websocket: [] } }
  })
  const pairs = (use: (pairs: Record<Downstream, Pair>) => Promise<void>): Promise<void> =>
    withPair('sse', 1, (sse) => withPair('websocket', 1, (websocket) => use({ sse, websocket })), true)
  await pairs(async (both) => {
    for (const to of ['sse', 'websocket'] as const) {
      const warm = { size: 1024, wire: { sse: 0, websocket: 0 }, cpu: { sse: [], websocket: [] } }
      await measure(both[to], to, warm, context.plan.binaryEvents)
    }
    for (const one of cases) {
      context.tell(`${one.size} bytes`)
      await rounds(context.plan.rounds, context, async (round) => {
        for (const to of inTurn(round)) await measure(both[to], to, one, context.plan.binaryEvents)
      })
    }
  })
  return report(cases)
}

async function measure({ server, reader }: Pair, to: Downstream, one: Case, events: number): Promise<void> {
  await reader.ask('forget')
  const before = { ...(await reader.ask('usage', { clear: false })), ...(await reader.ask('counts')) }
  const { cpuUs } = await server.ask('binary', { to, count: events, bytes: one.size })
  const seen = await reader.ask('reached', { events, ms: arriveMs })
  const after = await reader.ask('usage', { clear: false })
  if (after.decoded - before.decoded < one.size * events) throw new Error('Not all bytes arrived.')
  one.wire[to] = (seen.bytes - before.bytes) / events
  one.cpu[to].push((cpuUs + after.cpuUs - before.cpuUs) / events)
}

function report(cases: readonly Case[]): Outcome {
  const cost = (to: Downstream, { size, wire }: Case): number => (wire[to] / size - 1) * 100
  const cpu = cases.map(
    (one) => [`${one.size} B`, compare(rangeOf(one.cpu.websocket), rangeOf(one.cpu.sse))] as const,
  )
  const bytes = cases.map(
    ({ size, wire }) =>
      [`${size} B`, wire.websocket < wire.sse ? ('less' as const) : ('more' as const)] as const,
  )
  return {
    findings: [
      {
        said: 'Base64 adds overhead: WebSocket frames take fewer bytes',
        ...judgePairs('less', Object.fromEntries(bytes)),
      },
      {
        said: 'WebSockets carry binary data with less overhead (CPU)',
        ...judgePairs('less', Object.fromEntries(cpu)),
      },
    ],
    table: {
      head: [
        'payload',
        'SSE, bytes on the wire',
        'WebSocket',
        'more than the payload',
        'CPU of both ends, µs, SSE',
        'WebSocket',
      ],
      rows: cases.map((one) => [
        `${show(one.size)} B`,
        show(one.wire.sse),
        show(one.wire.websocket),
        `${show(cost('sse', one))} % against ${show(cost('websocket', one))} %`,
        showRange(rangeOf(one.cpu.sse)),
        showRange(rangeOf(one.cpu.websocket)),
      ]),
    },
    chart: {
      title: 'Bytes on the wire beyond the payload',
      unit: '% of the payload; less is better',
      bars: cases.flatMap((one) =>
        (['sse', 'websocket'] as const).map((side) => ({
          title: `${show(one.size)} B, ${side === 'sse' ? 'SSE, base64' : 'WebSocket, binary'}`,
          value: rangeOf([cost(side, one)]),
          side,
        })),
      ),
    },
    remarks: [
      'Compression would give back part of base64’s third, at a price in CPU; sound and video do not compress.',
    ],
  }
}
