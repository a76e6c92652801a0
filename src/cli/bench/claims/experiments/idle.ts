import { readdirSync } from 'node:fs'
import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { rounds, withPair } from '../pair.ts'
import type { ReaderTransport } from '../roles/reader.ts'
import { rangeOf, showRange } from '../samples.ts'
import { compare, judgePairs } from '../verdict.ts'

/** E5: what a connection costs that says nothing. */
export const idle: Experiment = {
  id: 'E5',
  title: 'Idle connections',
  how: 'A fresh server process for each figure, garbage collected before reading: its memory and its open descriptors (`/proc`) with fewer and with more connections; the slope between the two is the price of one. Bare `node:http`, `node:http2` and `ws`; the kernel’s own buffers are not in it.',
  run: measureIdle,
}

const kinds: readonly { transport: ReaderTransport; title: string; side: 'sse' | 'websocket' | 'other' }[] = [
  { transport: 'sse', title: 'SSE, HTTP/1.1', side: 'sse' },
  { transport: 'sse-http2', title: 'SSE, HTTP/2, 100 streams a connection', side: 'sse' },
  { transport: 'websocket', title: 'WebSocket', side: 'websocket' },
  { transport: 'long-poll', title: 'long-poll, parked', side: 'other' },
]

interface Price {
  readonly heap: number[]
  readonly resident: number[]
  readonly descriptors: number[]
}

async function measureIdle(context: ClaimContext): Promise<Outcome> {
  const prices = kinds.map((): Price => ({ heap: [], resident: [], descriptors: [] }))
  await rounds(context.plan.idleRounds, context, async () => {
    for (const [i, { transport, title }] of kinds.entries()) {
      context.tell(title)
      await measureOne(transport, context.plan.idle, prices[i]!)
    }
  })
  const heap = prices.map((price) => rangeOf(price.heap))
  const [sse, , websocket] = heap
  const single = context.plan.idleRounds < 2
  const standing = compare(sse!, websocket!)
  const judged = judgePairs('less', single ? {} : { 'HTTP/1.1': standing })
  return {
    findings: [
      {
        said: 'SSE has less server overhead, and may be more efficient for many idle connections (bare Node, HTTP/1.1)',
        ...judged,
        ...(single && { because: 'one round is no range: run without --quick' }),
      },
      descriptorFinding(prices),
    ],
    table: {
      head: ['', 'heap and buffers a connection, bytes', 'resident, bytes', 'descriptors a connection'],
      rows: kinds.map(({ title }, i) => [
        title,
        showRange(heap[i]!),
        showRange(rangeOf(prices[i]!.resident)),
        prices[i]!.descriptors.length > 0 ? showRange(rangeOf(prices[i]!.descriptors)) : 'not measured',
      ]),
    },
    chart: {
      title: 'Memory of an idle connection',
      unit: 'bytes of heap and buffers; less is better',
      bars: kinds.map(({ title, side }, i) => ({ title, side, value: heap[i]! })),
    },
    remarks: [
      'Figures of `node:http` and `ws`, not of the protocols: another server may keep less or more. Resident memory moves in pages and is the noisier of the two.',
    ],
    ...(process.platform !== 'linux' && { notMeasured: ['Descriptors: only Linux shows them in `/proc`.'] }),
  }
}

function descriptorFinding(prices: readonly Price[]): Outcome['findings'][number] {
  const said = 'Each WebSocket uses a file descriptor and memory'
  const [sse, , websocket] = prices.map(({ descriptors }) => descriptors)
  if (!websocket?.length || !sse?.length)
    return { said, verdict: 'not measured', because: 'descriptors are counted on Linux only' }
  const perSocket = rangeOf(websocket).median
  const perStream = rangeOf(sse).median
  const one = Math.abs(perSocket - 1) < 0.05
  return {
    said,
    verdict: one ? 'confirmed' : 'refuted',
    because: `${perSocket.toFixed(2)} a WebSocket, and ${perStream.toFixed(2)} an SSE stream of HTTP/1.1 just so`,
  }
}

async function measureOne(
  transport: ReaderTransport,
  [few = 1, most = 2]: readonly number[],
  price: Price,
): Promise<void> {
  const at = (count: number): Promise<{ heap: number; rss: number; descriptors: number | undefined }> =>
    withPair(transport, count, async ({ server }) => {
      const { heap, rss } = await server.ask('usage', { clear: true })
      return { heap, rss, descriptors: openDescriptors(server.pid) }
    })
  const low = await at(few)
  const high = await at(most)
  const more = Math.max(1, most - few)
  price.heap.push((high.heap - low.heap) / more)
  price.resident.push((high.rss - low.rss) / more)
  if (high.descriptors !== undefined && low.descriptors !== undefined)
    price.descriptors.push((high.descriptors - low.descriptors) / more)
}

function openDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined // No Linux.
  }
}
