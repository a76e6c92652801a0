import type { CrashOptions, CrashResult, CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { type Engine, startEngine, startReaders } from './engine.ts'
import { missingNetwork, Network } from './network.ts'
import type { Good, ReadersOrder } from './readers.ts'
import type { Talking } from './talk.ts'

const stalled = 2_000
const good = 200
const channel = 'feed/0'
const mebibyte = 1024 ** 2
/** What a server may take for them above idle. */
const allowedBytes = stalled * 64 * 1024 + 64 * mebibyte
/** The bound of a queue: 64 KiB, and one batch of a replay. */
const queueBytes = 2 * 64 * 1024 + 16 * 1024

/** Many readers that stopped reading, beside some that read. */
export const row: CrashRow = {
  id: 'stalled-2000',
  fault: '2,000 readers (SSE and WebSocket) that stopped reading, on a channel of 200 × 1 KB events a second',
  promise:
    'memory at most 2,000 × 64 KiB + 64 MiB above idle, no queue over its bound, median of 200 good readers at most 1.5 times',
  cycles: { short: 1, full: 6 },
  missing: () => missingNetwork(),
  async run(options) {
    const network = new Network()
    network.shrinkBuffers()
    const engine = await startEngine({}, network)
    const [goodOnes, stalledOnes] = await Promise.all([startReaders(network), startReaders(network)])
    try {
      return await compare(engine, goodOnes, stalledOnes, options)
    } finally {
      await Promise.all([goodOnes.kill(), stalledOnes.kill()])
      await engine.kill()
      network.remove()
    }
  },
}

async function compare(
  engine: Engine,
  goodOnes: Talking<ReadersOrder>,
  stalledOnes: Talking<ReadersOrder>,
  { cycles, onProgress }: CrashOptions,
): Promise<CrashResult> {
  // A reader whose socket takes nothing for 30 s is cut, as it should be: compared is what happens before.
  const phaseMs = Math.min(20_000, 10_000 * Math.max(1, cycles / 2))
  await engine.ask({ do: 'publish', channels: [channel], rate: 200, bytes: 1_000 })
  await measure(engine, goodOnes, 3_000) // So that code is compiled before anything is compared.
  const before = await measure(engine, goodOnes, phaseMs)
  onProgress(`alone: median ${before.median} µs, ${toMebibytes(before.rss)} MiB`)
  const readers = (['sse', 'websocket'] as const).map(
    (transport) => ({ transport, port: engine.port, channel, returns: true }) as const,
  )
  for (let left = stalled; left > 0; left -= 200) {
    await stalledOnes.ask({ do: 'open-raw', count: 200, readers })
    await stalledOnes.ask({ do: 'pause' })
  }
  await pause(3_000)
  const beside = await measure(engine, goodOnes, phaseMs)
  onProgress(`beside ${stalled}: median ${beside.median} µs, ${toMebibytes(beside.rss)} MiB`)
  const { streams } = await engine.look()
  const seen = await stalledOnes.ask<{ ends: number }[]>({ do: 'seen' })
  const counts = {
    stalled: streams,
    cutAsSlow: seen.reduce((sum, { ends }) => sum + ends, 0),
    aboveIdleMiB: toMebibytes(beside.rss - before.rss),
    allowedMiB: toMebibytes(allowedBytes),
    queueBytes: beside.queue,
    queueBound: queueBytes,
    medianAloneUs: before.median,
    medianBesideUs: beside.median,
    p99AloneUs: before.p99,
    p99BesideUs: beside.p99,
  }
  const faults = [
    ...(streams < stalled * 0.9 ? [`only ${streams} streams were open`] : []),
    ...(beside.rss - before.rss > allowedBytes ? ['more memory than is allowed'] : []),
    ...(beside.queue > queueBytes ? [`a queue of ${beside.queue} bytes`] : []),
    ...(beside.median > before.median * 1.5 ? ['the good readers wait more than 1.5 times as long'] : []),
    ...[before, beside].flatMap(({ failures }) =>
      failures > 0 ? [`${failures} good readers were cut`] : [],
    ),
    ...beside.errors,
  ]
  return { counts, faults }
}

interface Measured {
  readonly median: number
  readonly p99: number
  readonly failures: number
  /** The most that a look showed, in bytes. */
  readonly rss: number
  readonly queue: number
  readonly errors: readonly string[]
}

/** Has the good readers read for so long. */
async function measure(engine: Engine, readers: Talking<ReadersOrder>, ms: number): Promise<Measured> {
  const options = {
    transport: 'sse',
    count: good,
    urls: [`http://127.0.0.1:${engine.port}/live/${channel}`],
  } as const
  await readers.ask({ do: 'open-good', options })
  await engine.look()
  let rss = 0
  let queue = 0
  const errors: string[] = []
  for (const began = performance.now(); performance.now() - began < ms; ) {
    await pause(500)
    const look = await engine.look()
    rss = Math.max(rss, look.rssBytes)
    queue = Math.max(queue, look.largestQueueBytes)
    errors.push(...look.errors)
  }
  const { latency, failures } = await readers.ask<Good>({ do: 'close-good' })
  return { median: latency!.median, p99: latency!.p99, failures, rss, queue, errors }
}

function toMebibytes(bytes: number): number {
  return Math.round(bytes / mebibyte)
}
