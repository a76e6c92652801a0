import type { TransportName } from '../../src/client/index.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { connectHastily } from './hasty-client.ts'
import { startServer } from './server-process.ts'
import { startSlowLine } from './slow-line.ts'
import { type Count, sum, Tally } from './tally.ts'

/** A run of changes of transport under load. */
export interface SwitchesOptions {
  readonly seed: number
  readonly seconds: number
  /** Events a second, over all channels. */
  readonly rate: number
}

export interface SwitchesResult {
  /** Changes that were made, each to another transport than before. */
  readonly changes: number
  /** Those during which an event was appended, between the call of `use` and its answer. */
  readonly inFlight: number
  readonly published: number
  readonly events: Count
  readonly faults: readonly string[]
}

/** When a change was asked for and done; the same clock as the server's, in milliseconds. */
interface Change {
  readonly asked: number
  readonly done: number
}

const channels = ['feed/0', 'feed/1', 'feed/2', 'feed/3', 'feed/4']
/** Each way: so that a change lasts long enough for events to be on their way meanwhile. */
const delayMs = 5
const all: readonly TransportName[] = ['sse', 'websocket', 'long-poll']

/** Calls `client.use` in a loop while events flow, and counts what was seen of them. */
export async function runSwitches({ seed, seconds, rate }: SwitchesOptions): Promise<SwitchesResult> {
  const server = await startServer()
  const line = await startSlowLine(server.port, delayMs)
  const random = seededRandom(seed)
  const client = connectHastily(`http://127.0.0.1:${line.port}/live`, 'sse')
  const tallies = new Map(channels.map((channel) => [channel, new Tally()]))
  const faults: string[] = []
  const times = new Set<number>()
  let wake = (): void => {}
  for (const [channel, tally] of tallies) {
    const open = client.channel(channel, { after: 'earliest' })
    open.onReset((reset) => faults.push(`reset of ${channel}: ${reset.reason}`))
    open.on('tick', (data, { time }) => {
      tally.add((data as { n: number }).n)
      times.add(time)
      wake()
    })
  }
  /** Resolves with the next event. */
  const another = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })

  try {
    server.publish(rate, channels)
    await another()
    let current: TransportName = 'sse'
    const changes: Change[] = []
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      const others = all.filter((transport) => transport !== current)
      current = others[Math.floor(random() * others.length)]!
      const asked = Date.now()
      await client.use(current)
      changes.push({ asked, done: Date.now() })
      if (client.state.transport !== current)
        faults.push(`asked for ${current}, is ${client.state.transport}`)
      await another()
    }
    const last = await server.stop()
    while ([...tallies].some(([channel, tally]) => tally.highest < last[channel]!)) await another()
    return {
      changes: changes.length,
      inFlight: changes.filter((change) => isWithin(times, change)).length,
      published: Object.values(last).reduce((total, n) => total + n, 0),
      events: sum([...tallies].map(([channel, tally]) => tally.count(last[channel]!))),
      faults,
    }
  } finally {
    client.close()
    await line.close()
    server.close()
  }
}

/** Whether an event was appended strictly between the two. */
function isWithin(times: ReadonlySet<number>, { asked, done }: Change): boolean {
  for (let time = asked + 1; time < done; time++) if (times.has(time)) return true
  return false
}
