import { longPollWire } from './long-poll-wire.ts'
import { sseWire } from './sse-wire.ts'
import { Delays, type Latency, Tally } from './tally.ts'
import { websocketWire } from './websocket-wire.ts'
import type { Wire } from './wire.ts'

/** A way to read a channel. */
export type LoadTransport = 'sse' | 'websocket' | 'long-poll'

/** Who is to read what. */
export interface SubscribersOptions {
  readonly transport: LoadTransport
  readonly count: number
  /** The URLs of channels, such as `http://localhost:8080/live/orders`; subscribers share them out in turn. */
  readonly urls: readonly string[]
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Where the first connection starts: `earliest`, `latest` or a position. @default 'latest' */
  readonly after?: string | undefined
}

/** What all subscribers saw, together. */
export interface SubscriberCounts {
  /** Connections that are there now. */
  readonly open: number
  readonly events: number
  /** Of the subscriber that saw fewest, and of the one that saw most. */
  readonly fewest: number
  readonly most: number
  readonly resets: number
  readonly repeated: number
  readonly disordered: number
  /** Connections that ended, or never came about, without being cut here; with the last reason. */
  readonly failures: number
  readonly failure: string | undefined
  /** How many subscribers saw which id as their first and as their newest. */
  readonly first: Readonly<Record<string, number>>
  readonly last: Readonly<Record<string, number>>
  /** Of events with a stamp: see `stamp`. */
  readonly latency: Latency | undefined
}

const wires: Readonly<Record<LoadTransport, Wire>> = {
  sse: sseWire,
  websocket: websocketWire,
  'long-poll': longPollWire,
}

/** One of them: its tally outlives its connections. */
interface Subscriber {
  readonly url: string
  readonly tally: Tally
  cut: (() => void) | undefined
}

/**
 * Many connections that only count what comes. They read a server from outside, so they belong in a process of their
 * own (`forkSubscribers`): beside the server they would take the time that is to be measured.
 */
export class Subscribers {
  readonly #options: SubscribersOptions
  readonly #all: readonly Subscriber[]
  readonly #delays = new Delays()
  #open = 0
  #failures = 0
  #failure: string | undefined
  /** Who waits until every subscriber saw so many events, and how many have. */
  #goal: { events: number; reached: number; done: () => void } | undefined

  constructor(options: SubscribersOptions) {
    this.#options = options
    this.#all = Array.from({ length: options.count }, (_, i) => ({
      url: options.urls[i % options.urls.length]!,
      tally: new Tally(),
      cut: undefined,
    }))
  }

  /** Connects all that are not; each goes on where it was cut. Resolves when they are there, or have failed. */
  async open(): Promise<void> {
    await Promise.all(this.#all.filter(({ cut }) => cut === undefined).map((one) => this.#connect(one)))
  }

  /** Cuts every connection. */
  cut(): void {
    for (const one of this.#all) {
      if (one.cut === undefined) continue
      one.cut()
      one.cut = undefined
    }
    this.#open = 0
  }

  /** Resolves when every subscriber has seen so many events; the newest call replaces the one before. */
  reached(events: number): Promise<void> {
    const reached = this.#all.filter(({ tally }) => tally.events >= events).length
    if (reached === this.#all.length) return Promise.resolve()
    return new Promise((done) => {
      this.#goal = { events, reached, done }
    })
  }

  counts(): SubscriberCounts {
    const tallies = this.#all.map(({ tally }) => tally)
    const sum = (of: (tally: Tally) => number): number =>
      tallies.reduce((total, tally) => total + of(tally), 0)
    return {
      open: this.#open,
      events: sum(({ events }) => events),
      fewest: tallies.reduce((least, { events }) => Math.min(least, events), Number.POSITIVE_INFINITY),
      most: tallies.reduce((most, { events }) => Math.max(most, events), 0),
      resets: sum(({ resets }) => resets),
      repeated: sum(({ repeated }) => repeated),
      disordered: sum(({ disordered }) => disordered),
      failures: this.#failures,
      failure: this.#failure,
      first: countBy(tallies.map(({ first }) => first)),
      last: countBy(tallies.map(({ last }) => last)),
      latency: this.#delays.latency,
    }
  }

  #connect(one: Subscriber): Promise<void> {
    const { transport, headers = {}, after } = this.#options
    const { tally } = one
    return new Promise((settled) => {
      let isOpen = false
      one.cut = wires[transport](
        { url: one.url, headers, after: tally.position ?? after },
        {
          event: (id, text) => this.#event(tally, id, text),
          position: (id) => {
            tally.position = id
          },
          reset: (latest) => tally.reset(latest),
          opened: () => {
            isOpen = true
            this.#open++
            settled()
          },
          ended: (why) => {
            if (isOpen) this.#open--
            one.cut = undefined
            this.#failures++
            this.#failure = why
            settled()
          },
        },
      )
    })
  }

  #event(tally: Tally, id: string | undefined, text: string): void {
    tally.event(id)
    this.#delays.read(text)
    const goal = this.#goal
    if (tally.events !== goal?.events || ++goal.reached < this.#all.length) return
    this.#goal = undefined
    goal.done()
  }
}

function countBy(ids: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const id of ids) if (id !== undefined) counts[id] = (counts[id] ?? 0) + 1
  return counts
}
