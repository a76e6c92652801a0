import { type Client, connect, type TransportName } from '../../src/client/index.ts'

/** A client takes 1,000 sends that wait: an application looks at how many do, and so does this. */
const mostWaiting = 500

export const transports: readonly TransportName[] = ['sse', 'websocket', 'long-poll']

/** What some clients send: numbers 1, 2, 3, … on a channel for each client, as the SDK sends them, with keys. */
export class NumberedSenders {
  readonly faults: string[] = []
  /** The last number of each channel. */
  readonly last: Record<string, number> = {}
  answered = 0
  readonly #clients: readonly Client[]
  readonly #sending = new Set<Promise<unknown>>()
  readonly #began = performance.now()
  readonly #timer: NodeJS.Timeout
  /** How many of each channel's sends have no answer yet. */
  readonly #unanswered: Record<string, number> = {}
  #due = 0
  #sent = 0
  #stopped: number | undefined

  /**
   * `rate` sends a second over all channels, fewer while a client has too many that wait; the clients take the
   * transports in turn.
   */
  constructor(url: string, channels: readonly string[], rate: number) {
    this.#clients = channels.map((_, i) =>
      connect(`${url}/live`, { transport: transports[i % transports.length]! }),
    )
    for (const channel of channels) {
      this.last[channel] = 0
      this.#unanswered[channel] = 0
    }
    this.#timer = setInterval(() => {
      // By the clock, so that a late tick makes up for itself.
      const due = ((performance.now() - this.#began) * rate) / 1000
      for (; this.#due < due; this.#due++) this.#send(channels, this.#due % channels.length)
    }, 5)
  }

  get sent(): number {
    return this.#sent
  }

  /** Sends that wait for their answer. */
  get waiting(): number {
    return this.#sending.size
  }

  /** Sends a second, so far or until the stop. */
  get rate(): number {
    return (this.#sent * 1000) / ((this.#stopped ?? performance.now()) - this.#began)
  }

  /** Stops sending; resolves when all that was sent is answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped = performance.now()
    await Promise.all(this.#sending)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const client of this.#clients) client.close()
  }

  #send(channels: readonly string[], i: number): void {
    const channel = channels[i]!
    if (this.#unanswered[channel]! >= mostWaiting) return
    this.#sent++
    this.#unanswered[channel]!++
    const n = ++this.last[channel]!
    const done = this.#clients[i]!.channel(channel)
      .send('tick', { n, item: 'a lead for a line', total: 45.99 })
      .then(
        ({ id }) => {
          if (id === undefined) this.faults.push(`${n} on ${channel} was answered without an id`)
          else this.answered++
        },
        (error: unknown) => void this.faults.push(`${n} on ${channel} failed: ${String(error)}`),
      )
    this.#sending.add(done)
    void done.finally(() => {
      this.#sending.delete(done)
      this.#unanswered[channel]!--
    })
  }
}
