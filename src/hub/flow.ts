/** What was measured of one channel's flow since the process started. */
export interface FlowCounters {
  /** Messages and payload units that clients sent. */
  up: { messages: number; bytes: number }
  /** Events and payload units that the channel carried. */
  down: { events: number; bytes: number }
  /** Events times the readers that got them live. */
  deliveries: number
}

const maxChannels = 10_000

/** Counts per channel, for the status page and, later, the advisor. Bounded: the channel longest unused goes first. */
export class FlowMeter {
  readonly #channels = new Map<string, FlowCounters>()

  sent(channel: string, size: number): void {
    const { up } = this.#of(channel)
    up.messages++
    up.bytes += size
  }

  carried(channel: string, size: number): void {
    const { down } = this.#of(channel)
    down.events++
    down.bytes += size
  }

  delivered(channel: string, readers: number): void {
    this.#of(channel).deliveries += readers
  }

  /** The counters of every channel measured, by name. */
  snapshot(): Record<string, FlowCounters> {
    return Object.fromEntries(
      [...this.#channels].map(([name, counters]) => [name, structuredClone(counters)]),
    )
  }

  #of(channel: string): FlowCounters {
    let counters = this.#channels.get(channel)
    if (counters) return counters
    if (this.#channels.size >= maxChannels) this.#channels.delete(this.#channels.keys().next().value!)
    counters = { up: { messages: 0, bytes: 0 }, down: { events: 0, bytes: 0 }, deliveries: 0 }
    this.#channels.set(channel, counters)
    return counters
  }
}
