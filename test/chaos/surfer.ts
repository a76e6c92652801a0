import { connectHastily } from './hasty-client.ts'
import { numbersOf } from './log-numbers.ts'
import type { ChaosProxy } from './proxy.ts'
import { type Count, sum, Tally } from './tally.ts'

const transports = [['sse'], ['websocket'], ['long-poll'], ['sse', 'websocket', 'long-poll']] as const
/** Between two sends of a client, so that its line carries bytes upward too. */
const sendEveryMs = 500

/** One client on a line of its own, with what it saw and sent. */
export class Surfer {
  readonly proxy: ChaosProxy
  readonly faults: string[] = []
  readonly #name: string
  readonly #client: ReturnType<typeof connectHastily>
  readonly #tallies: ReadonlyMap<string, Tally>
  readonly #sending = new Set<Promise<unknown>>()
  readonly #index: number
  readonly #timer: NodeJS.Timeout
  #sent = 0
  #received = 0
  #closed = false

  /** `channels` carry the numbered events; `port` is the proxy's. */
  constructor(index: number, channels: readonly string[], proxy: ChaosProxy, port: number) {
    const transport = transports[index % transports.length]!
    this.proxy = proxy
    this.#index = index
    this.#name = `client ${index} (${transport.join(', ')})`
    this.#client = connectHastily(`http://127.0.0.1:${port}/live`, transport)
    this.#client.onState((state) => {
      if (state.phase === 'closed' && !this.#closed) this.#fault(`gave up: ${state.reason}`)
    })
    this.#tallies = new Map(channels.map((channel) => [channel, new Tally()]))
    for (const [channel, tally] of this.#tallies) {
      const open = this.#client.channel(channel, { after: 'earliest' })
      open.on('tick', (data) => {
        this.#received++
        tally.add((data as { n: number }).n)
      })
      open.onReset((reset) => this.#fault(`reset of ${channel}: ${reset.reason}`))
    }
    this.#timer = setInterval(() => this.#send(), sendEveryMs)
  }

  /** How much has happened: a number that stands still when nothing does. */
  get pulse(): number {
    return this.#received + this.proxy.made.length + this.proxy.refused - this.#sending.size
  }

  stopSending(): void {
    clearInterval(this.#timer)
  }

  async caughtUp(last: Readonly<Record<string, number>>): Promise<void> {
    await Promise.all(this.#sending)
    while ([...this.#tallies].some(([channel, tally]) => tally.count(last[channel]!).lost > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  countEvents(last: Readonly<Record<string, number>>): Count {
    return sum([...this.#tallies].map(([channel, tally]) => tally.count(last[channel]!)))
  }

  /** Counts what the log holds of this client's sends; asked of the server itself, past the proxy. */
  async countSends(port: number): Promise<Count> {
    const tally = new Tally()
    for (const { n } of await numbersOf(port, `up/${this.#index}`)) tally.add(n)
    return tally.count(this.#sent)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.stopSending()
    this.#client.close()
    await this.proxy.close()
  }

  describe(): string {
    const { phase, reason } = this.#client.state
    return `${this.#name}: ${phase}, ${reason} ${this.proxy.made.length} cuts, ${this.#sending.size} sends wait`
  }

  #send(): void {
    const n = ++this.#sent
    const done = this.#client
      .channel(`up/${this.#index}`)
      .send('up', { n })
      .then(({ id }) => id ?? this.#fault(`send ${n} was answered without an id`))
      .catch((error: unknown) => this.#fault(`send ${n} was not answered: ${String(error)}`))
    this.#sending.add(done)
    void done.finally(() => this.#sending.delete(done))
  }

  #fault(what: string): void {
    this.faults.push(`${this.#name} ${what}`)
  }
}
