import type { Clock } from './clock.ts'

/** How quickly a measured rate follows the flow, in milliseconds: what was a minute ago counts a third. */
const smoothMs = 60_000
/** What comes within this long counts as one moment, in milliseconds: a rate of a minute does not notice. */
const momentMs = 100

/** What was measured of one channel's flow since the process started. */
export interface FlowCounters {
  /** Messages and payload units that clients sent, and messages a second of late, of all clients together. */
  up: { messages: number; bytes: number; perSecond: number }
  /** Events and payload units that the channel carried, and events a second of late. */
  down: { events: number; bytes: number; perSecond: number }
  /** Events times the readers that got them live. */
  deliveries: number
}

const maxChannels = 10_000

/** Counts per channel, for the status page and the advisor. Bounded: the channel longest unused goes first. */
export class FlowMeter {
  readonly #channels = new Map<string, ChannelFlow>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  sent(channel: string, size: number): void {
    this.#of(channel).up.add(size, this.#clock.now())
  }

  carried(channel: string, size: number): void {
    this.#of(channel).down.add(size, this.#clock.now())
  }

  delivered(channel: string, readers: number): void {
    this.#of(channel).deliveries += readers
  }

  /** The counters of every channel measured, by name. */
  snapshot(): Record<string, FlowCounters> {
    const now = this.#clock.now()
    return Object.fromEntries([...this.#channels].map(([name, flow]) => [name, countersOf(flow, now)]))
  }

  /** The counters of one channel, if it was measured. */
  read(channel: string): FlowCounters | undefined {
    const flow = this.#channels.get(channel)
    return flow && countersOf(flow, this.#clock.now())
  }

  #of(channel: string): ChannelFlow {
    let flow = this.#channels.get(channel)
    if (flow) return flow
    if (this.#channels.size >= maxChannels) this.#channels.delete(this.#channels.keys().next().value!)
    const now = this.#clock.now()
    flow = { up: new Way(now), down: new Way(now), deliveries: 0 }
    this.#channels.set(channel, flow)
    return flow
  }
}

interface ChannelFlow {
  readonly up: Way
  readonly down: Way
  deliveries: number
}

function countersOf({ up, down, deliveries }: ChannelFlow, now: number): FlowCounters {
  return {
    up: { messages: up.count, bytes: up.bytes, perSecond: up.perSecond(now) },
    down: { events: down.count, bytes: down.bytes, perSecond: down.perSecond(now) },
    deliveries,
  }
}

/** What goes one way. Its rate fades by the time that passed, when it is asked or added to: no timer, no samples. */
class Way {
  count = 0
  bytes = 0
  readonly #since: number
  #at: number
  #faded = 0

  constructor(now: number) {
    this.#since = now
    this.#at = now
  }

  add(size: number, now: number): void {
    this.count++
    this.bytes += size
    if (Math.abs(now - this.#at) > momentMs) this.#fade(now)
    this.#faded++
  }

  /** In the first minute over the time there was, and over a second at least: one message is no rate. */
  perSecond(now: number): number {
    this.#fade(now)
    const window = smoothMs * (1 - Math.exp(-(now - this.#since) / smoothMs))
    return this.#faded / (Math.max(window, 1_000) / 1_000)
  }

  #fade(now: number): void {
    // A clock that was set back makes no rate grow.
    if (now > this.#at) this.#faded *= Math.exp(-(now - this.#at) / smoothMs)
    this.#at = now
  }
}
