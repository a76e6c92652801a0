import { type Client, connect } from '../../src/client/index.ts'
import type { TransportName } from '../../src/client/transports/stream.ts'
import { type Count, sum, Tally } from '../chaos/tally.ts'

/** A client that reads numbered channels and tallies each. */
export class NumberedReader {
  readonly faults: string[] = []
  readonly #client: Client
  readonly #tallies: ReadonlyMap<string, Tally>
  #received = 0
  #reconnects = 0
  #closed = false

  constructor(url: string, transport: TransportName, channels: readonly string[]) {
    const name = `the reader over ${transport}`
    this.#client = connect(`${url}/live`, { transport })
    let wasOpen = false
    this.#client.onState(({ phase, reason }) => {
      if (wasOpen && phase !== 'open') this.#reconnects++
      wasOpen = phase === 'open'
      if (phase === 'closed' && !this.#closed) this.faults.push(`${name} gave up: ${reason}`)
    })
    this.#tallies = new Map(channels.map((channel) => [channel, new Tally()]))
    for (const [channel, tally] of this.#tallies) {
      const open = this.#client.channel(channel, { after: 'earliest' })
      open.on('tick', (data) => {
        this.#received++
        tally.add((data as { n: number }).n)
      })
      open.onReset(({ reason }) => this.faults.push(`${name} was told of a reset of ${channel}: ${reason}`))
      open.onError((error) => this.faults.push(`${name} may not read ${channel}: ${String(error)}`))
    }
  }

  get received(): number {
    return this.#received
  }

  /** How often it lost its stream. */
  get reconnects(): number {
    return this.#reconnects
  }

  count(last: Readonly<Record<string, number>>): Count {
    return sum([...this.#tallies].map(([channel, tally]) => tally.count(last[channel]!)))
  }

  close(): void {
    this.#closed = true
    this.#client.close()
  }
}
