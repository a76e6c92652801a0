import type { CrashOptions, CrashResult, CrashRow } from '../crash/row.ts'
import { type Engine, startEngine, startReaders, until } from './engine.ts'
import { missingNetwork, Network } from './network.ts'
import type { RawReaderSetup, Seen } from './raw-reader.ts'
import type { ReadersOrder } from './readers.ts'
import type { Talking } from './talk.ts'

/** What each reader may hold of a flood when it reads on: its socket's buffers, and what the server queued. */
const heldEvents = 600
const tags = 5
const policies = { feed: 'resume', newest: 'latest', skipping: 'drop' } as const

/** Readers that stop reading, and read on. */
export const row: CrashRow = {
  id: 'slow-readers-policies',
  fault: 'readers of each policy stop reading through a flood, with buffers of 64 KiB, and read on',
  promise:
    '`resume` sees all in order, `latest` the newest of each tag, `drop` a reset before anything newer',
  cycles: { short: 1, full: 5 },
  missing: () => missingNetwork(),
  async run(options) {
    const network = new Network()
    network.shrinkBuffers()
    const engine = await startEngine({}, network)
    const readers = await startReaders(network)
    try {
      return await floods(engine, readers, options)
    } finally {
      await readers.kill()
      await engine.kill()
      network.remove()
    }
  },
}

async function floods(
  engine: Engine,
  readers: Talking<ReadersOrder>,
  { cycles, onProgress }: CrashOptions,
): Promise<CrashResult> {
  const counts = { floods: 0, published: 0, resets: 0, queueBytes: 0 }
  const faults: string[] = []
  for (let cycle = 1; cycle <= cycles; cycle++) {
    for (const kind of Object.keys(policies) as (keyof typeof policies)[]) {
      const channel = `${kind}/${cycle}`
      const transports = ['sse', 'websocket'] as const
      const setups: RawReaderSetup[] = transports.map((transport) => ({
        transport,
        port: engine.port,
        channel,
      }))
      await readers.ask({ do: 'open-raw', count: 2, readers: setups })
      const ask: Ask = (query) =>
        readers.ask({ do: 'fetch', url: `http://127.0.0.1:${engine.port}/live/${channel}?${query}` })
      const { position: from } = await ask('limit=1')
      await readers.ask({ do: 'pause' })
      const flood = { do: 'flood', channel, count: 3_000, bytes: 1_000, tags } as const
      const last = (await engine.ask<Record<string, number>>(flood))[channel]!
      await readers.ask({ do: 'resume' })
      const seen = async (): Promise<Seen[]> => readers.ask<Seen[]>({ do: 'seen' })
      await until(async () => (await seen()).every(({ marks }) => ends(policies[kind], marks, last)), 20_000)
      for (const [i, { marks }] of (await seen()).entries()) {
        const where = `${policies[kind]} on ${transports[i]}`
        faults.push(...judge(policies[kind], marks, last).map((fault) => `${where}: ${fault}`))
        counts.resets += marks.filter((one) => one <= 0).length
      }
      // A whole answer to a poll is a queue of another kind, with its own bound.
      counts.queueBytes = Math.max(counts.queueBytes, (await engine.look()).largestQueueBytes)
      if (kind === 'feed') faults.push(...(await pollOn(ask, from, last)))
      await readers.ask({ do: 'close-raw' })
      await engine.look()
      counts.floods++
      counts.published += last
    }
    onProgress(`${cycle} of ${cycles}`)
  }
  return { counts, faults: [...faults, ...(await engine.look()).errors] }
}

/** Whether a reader has all that is to come; `drop` may end at its reset. */
function ends(policy: string, marks: readonly number[], last: number): boolean {
  return marks.at(-1) === last || (policy === 'drop' && marks.at(-1) === 0)
}

function judge(
  policy: (typeof policies)[keyof typeof policies],
  marks: readonly number[],
  last: number,
): string[] {
  const faults: string[] = []
  const numbers = marks.filter((n) => n > 0)
  if (!ends(policy, marks, last)) faults.push(`it ended at ${marks.at(-1)} of ${last}`)
  if (numbers.some((n, i) => i > 0 && n <= numbers[i - 1]!)) faults.push('out of order, or twice')
  if (policy === 'resume' && numbers.length !== last) faults.push(`${numbers.length} of ${last} seen`)
  if (policy === 'resume' && marks.some((n) => n <= 0)) faults.push('a reset, though nothing was lost')
  if (policy !== 'resume' && numbers.length > heldEvents)
    faults.push(`${numbers.length} seen: it skipped none`)
  if (policy === 'latest') {
    const newest = Array.from({ length: tags }, (_, i) => last - i)
    const missing = newest.filter((n) => !numbers.includes(n))
    if (missing.length > 0) faults.push(`the newest of some tags is missing: ${missing}`)
  }
  if (policy === 'drop') {
    const silent = marks.findIndex((n, i) => i > 0 && n > 0 && marks[i - 1]! > 0 && n > marks[i - 1]! + 1)
    if (silent !== -1) faults.push(`a silent gap before ${marks[silent]}`)
    if (!marks.includes(0)) faults.push('no reset')
  }
  return faults
}

interface Page {
  readonly events: readonly { readonly data: { readonly n: number } }[]
  readonly position: string
}

type Ask = (query: string) => Promise<Page>

/** A long-poll's reader is slow by asking late: it sees all. */
async function pollOn(ask: Ask, from: string, last: number): Promise<string[]> {
  const numbers: number[] = []
  for (let after = from, at = -1; at !== numbers.length; ) {
    at = numbers.length
    const { events, position } = await ask(`after=${after}&limit=1000`)
    numbers.push(...events.map(({ data }) => data.n))
    after = position
  }
  const whole = numbers.length === last && numbers.every((n, i) => n === i + 1)
  return whole ? [] : [`long-poll: ${numbers.length} of ${last} seen, or not in order`]
}
