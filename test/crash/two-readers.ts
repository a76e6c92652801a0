import { createHash } from 'node:crypto'
import { type Client, connect, type TransportName } from '../../src/client/index.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { type Fleet, startFleet } from '../proxy/fleet.ts'
import { missing, type SharedLogKind, sharedLogs } from '../proxy/logs.ts'
import { pause, whileItMoves } from '../proxy/patience.ts'
import { transports } from '../proxy/senders.ts'
import type { CrashRow } from './row.ts'

const channel = 'shared/story'
/** Between two restarts of a server, in milliseconds. */
const restMs = 2000
/** Sends a second of each sender. */
const rate = 60
/** With so many unanswered a sender waits: the client's own outbox is bounded. */
const mostUnanswered = 100

/** Readers of one channel on two servers must be told the same story, whatever becomes of a server. */
export const row: CrashRow = {
  id: 'two-readers',
  fault: 'one of two servers restarted or killed under mixed load, on Redis and on NATS',
  promise: 'readers on both, one on each transport, see the same (position, payload hash) in the same order',
  cycles: { short: 1, full: 24 },
  missing: () => missing('redis', 'nats'),
  async run({ seed, cycles, onProgress }) {
    const counts = { restarts: 0, sent: 0, sequences: 0, events: 0, different: 0 }
    const faults: string[] = []
    for (const kind of sharedLogs) {
      // The logs take turns: of an odd number Redis has one more.
      const restarts = Math.floor((cycles + (kind === sharedLogs[0] ? 1 : 0)) / 2)
      if (restarts === 0) continue
      const story = await tellStory(kind, restarts, seed, (line) => onProgress(`${kind.name}: ${line}`))
      counts.restarts += restarts
      counts.sent += story.sent
      counts.events += story.events
      counts.sequences += story.sequences
      counts.different += story.different
      faults.push(...story.faults.map((fault) => `${kind.name}: ${fault}`))
    }
    return { counts, faults }
  },
}

interface Story {
  readonly sent: number
  readonly events: number
  readonly sequences: number
  readonly different: number
  readonly faults: readonly string[]
}

async function tellStory(
  kind: SharedLogKind,
  restarts: number,
  seed: number,
  onProgress: (line: string) => void,
): Promise<Story> {
  const log = await kind.start()
  try {
    const fleet = await startFleet(log.url, 2)
    try {
      return await readStory(fleet, restarts, seededRandom(seed), onProgress)
    } finally {
      await fleet.stop()
    }
  } finally {
    await log.stop()
  }
}

async function readStory(
  fleet: Fleet,
  restarts: number,
  random: () => number,
  onProgress: (line: string) => void,
): Promise<Story> {
  const listeners = fleet.servers.flatMap(({ url }, server) =>
    transports.map((transport) => new Listener(url, transport, `server ${server} over ${transport}`)),
  )
  const tellers = fleet.servers.map(({ url }, i) => new Teller(url, transports[i]!, random))
  const heard = (): number => listeners.reduce((total, { lines }) => total + lines.length, 0)
  try {
    await whileItMoves('a first event for each', heard, () =>
      listeners.every(({ lines }) => lines.length > 0),
    )
    for (let restart = 1; restart <= restarts; restart++) {
      const server = fleet.servers[Math.floor(random() * fleet.servers.length)]!
      await (random() < 0.5 ? server.kill() : server.terminate())
      await server.start()
      await pause(restMs)
      if (restart % 4 === 0) onProgress(`${restart} of ${restarts} restarts, ${heard()} events seen`)
    }
    await Promise.all(tellers.map((teller) => teller.stop()))
    const sent = tellers.reduce((total, teller) => total + teller.sent, 0)
    await whileItMoves('all have heard all', heard, () =>
      listeners.every(({ lines }) => lines.length >= sent),
    ).catch((error: unknown) => onProgress(String(error)))
    const told = [...tellers, ...listeners].flatMap(({ faults }) => faults)
    return compare(listeners, sent, [...told, ...fleet.failures])
  } finally {
    for (const one of [...tellers, ...listeners]) one.close()
  }
}

function compare(listeners: readonly Listener[], sent: number, faults: string[]): Story {
  const [first, ...others] = listeners
  let different = 0
  for (const other of others) {
    const at = other.lines.findIndex((line, i) => line !== first!.lines[i])
    const length = Math.min(first!.lines.length, other.lines.length)
    if (at === -1 && first!.lines.length === other.lines.length) continue
    different++
    const place = at === -1 ? length : at
    faults.push(
      `${other.name} and ${first!.name} part at event ${place}: ${other.lines[place]} and ${first!.lines[place]}`,
    )
  }
  if (first!.lines.length !== sent) faults.push(`${sent} were sent and ${first!.lines.length} seen`)
  return { sent, events: first!.lines.length, sequences: listeners.length, different, faults }
}

/** Reads the channel from its beginning and keeps a line of each event: its position and the hash of its payload. */
class Listener {
  readonly name: string
  readonly lines: string[] = []
  readonly faults: string[] = []
  readonly #client: Client

  constructor(url: string, transport: TransportName, name: string) {
    this.name = name
    this.#client = connect(`${url}/live`, { transport })
    const story = this.#client.channel(channel, { after: 'earliest' })
    story.on('*', (data, { id, event, tag }) => {
      this.lines.push(`${id} ${event} ${tag ?? '-'} ${hash(data)}`)
    })
    story.onReset(({ reason }) => this.faults.push(`${name} was told of a reset: ${reason}`))
  }

  close(): void {
    this.#client.close()
  }
}

function hash(data: unknown): string {
  const bytes = data instanceof Uint8Array ? data : JSON.stringify(data)
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 16)
}

/** Sends what is unlike: small and large, text and bytes, several names, with and without a tag. */
class Teller {
  readonly faults: string[] = []
  sent = 0
  readonly #client: Client
  readonly #random: () => number
  readonly #timer: NodeJS.Timeout
  readonly #sending = new Set<Promise<unknown>>()

  constructor(url: string, transport: TransportName, random: () => number) {
    this.#client = connect(`${url}/live`, { transport })
    this.#random = random
    this.#timer = setInterval(() => this.#send(), 1000 / rate)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await whileItMoves(
      'sends are answered',
      () => -this.#sending.size,
      () => this.#sending.size === 0,
    )
  }

  close(): void {
    clearInterval(this.#timer)
    this.#client.close()
  }

  #send(): void {
    if (this.#sending.size >= mostUnanswered) return
    this.sent++
    const random = this.#random
    const size = random() < 0.05 ? 20_000 : Math.floor(random() * 300)
    const text = 'é'.repeat(size)
    const data = random() < 0.2 ? Buffer.from(text) : { n: this.sent, text, value: random() }
    const event = ['say', 'show', 'message'][Math.floor(random() * 3)]!
    const options = random() < 0.3 ? { tag: `t${Math.floor(random() * 5)}` } : {}
    const done = this.#client
      .channel(channel)
      .send(event, data, options)
      .catch((error: unknown) => void this.faults.push(`a send failed: ${String(error)}`))
    this.#sending.add(done)
    void done.finally(() => this.#sending.delete(done))
  }
}
