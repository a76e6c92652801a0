import type { ChannelLog, Feed, StoredEvent } from '../../src/hub/channel-log.ts'
import { channels, Load, note, type Record } from './redis-load.ts'

/** What came in one epoch; from an offset on it is all of it. */
interface Order {
  readonly epoch: string
  readonly offsets: number[]
  from: number
}

/** A reader of all channels, as a server's hub is one: it starts anew whenever it is told to. */
export class Witness {
  readonly faults: string[] = []
  /** How often every reader had to come back. */
  resets = 0
  events = 0
  epoch = ''
  readonly #log: ChannelLog
  readonly #name: string
  readonly #record: Record
  readonly #feed: Feed
  /** The newest offset of each channel; missing while it is not watched. */
  readonly #seen = new Map<string, number>()
  readonly #payloads = new Set<string>()
  /** The order in which events of the present epoch came. */
  #order: Order = { epoch: '', offsets: [], from: Number.POSITIVE_INFINITY }
  readonly orders: Order[] = []
  #starting = 0
  #ended = false

  constructor(log: ChannelLog, name: string, record: Record) {
    this.#log = log
    this.#name = name
    this.#record = record
    this.#feed = log.follow({
      event: (event) => this.#take(event),
      epoch: (epoch) => {
        this.resets++
        this.epoch = epoch ?? this.epoch
        this.#seen.clear()
        this.#begin()
        void this.start()
      },
      unavailable: () => {},
    })
  }

  /** Whether everything is watched. */
  get ready(): boolean {
    return this.#seen.size === channels.length
  }

  has(payload: string): boolean {
    return this.#payloads.has(payload)
  }

  /** From where each acknowledged event of the present epoch has to have come; `Infinity` when not all is watched. */
  get from(): number {
    return this.#order.from
  }

  end(): void {
    this.#ended = true
  }

  async start(): Promise<void> {
    const turn = ++this.#starting
    while (!this.#ended && turn === this.#starting) {
      try {
        if (this.epoch === '') {
          this.epoch = (await this.#log.head()).epoch
          this.#begin()
        }
        let start = 0
        for (const channel of channels) {
          const from = await this.#feed.watch(channel)
          if (turn !== this.#starting) return
          this.#seen.set(channel, Math.max(from, this.#seen.get(channel) ?? 0))
          start = Math.max(start, from)
        }
        this.#order.from = start
        return
      } catch {
        await pause(50)
      }
    }
  }

  #begin(): void {
    this.#order = { epoch: this.epoch, offsets: [], from: Number.POSITIVE_INFINITY }
    this.orders.push(this.#order)
  }

  #take(event: StoredEvent): void {
    const { channel, prev } = event
    const offset = event.offset!
    const payload = String(event.payload)
    note(this.#record, this.epoch, offset, payload, this.faults, this.#name)
    const seen = this.#seen.get(channel)
    if (seen === undefined || offset <= seen) return
    if (prev > seen)
      this.fault(`${this.epoch}.${offset} of ${channel} follows ${prev}, but ${seen} was given`)
    if (offset <= (this.#order.offsets.at(-1) ?? 0)) this.fault(`${this.epoch}.${offset} came out of order`)
    this.#order.offsets.push(offset)
    this.#seen.set(channel, offset)
    if (this.#payloads.has(payload)) this.fault(`${payload} came twice`)
    this.#payloads.add(payload)
    this.events++
  }

  fault(text: string): void {
    this.faults.push(`${this.#name}: ${text}`)
  }
}

/** Two servers' logs with a reader each, under load. */
export class Scene {
  readonly record: Record = new Map()
  readonly witnesses: readonly Witness[]
  readonly load: Load
  readonly faults: string[] = []
  /** How long the slowest healing took until an event came to both, in milliseconds. */
  slowestMs = 0
  readonly #logs: readonly ChannelLog[]

  constructor(logs: readonly ChannelLog[]) {
    this.#logs = logs
    this.witnesses = logs.map((log, i) => new Witness(log, `reader ${i + 1}`, this.record))
    this.load = new Load(logs, this.record)
  }

  async open(): Promise<void> {
    await Promise.all(this.witnesses.map((witness) => witness.start()))
  }

  /** Waits until what is appended now comes to both; a healed log has 5 seconds. */
  async caughtUp(withinMs = 5_000): Promise<void> {
    const began = Date.now()
    for (;;) {
      const payload = this.load.once()
      for (let waited = 0; waited < 300; waited += 10) {
        if (this.witnesses.every((witness) => witness.ready && witness.has(payload))) {
          const ms = Date.now() - began
          this.slowestMs = Math.max(this.slowestMs, ms)
          if (ms > withinMs) this.faults.push(`it took ${ms} ms until an event came to both readers again`)
          return
        }
        await pause(10)
      }
      if (Date.now() - began > 30_000) throw new Error('No event came to both readers for 30 seconds.')
    }
  }

  /** Ends the load and answers everything that did not hold. */
  async end(): Promise<string[]> {
    await this.load.stop()
    await this.caughtUp()
    await this.#allCame()
    for (const witness of this.witnesses) witness.end()
    this.#compareOrders()
    await Promise.all(this.#logs.map((log) => log.close()))
    return [...this.faults, ...this.load.faults, ...this.witnesses.flatMap(({ faults }) => faults)]
  }

  /** All that was acknowledged in the epoch of the end has to come to both; what is missing after a while is lost. */
  async #allCame(): Promise<void> {
    const missing = () =>
      this.witnesses.flatMap((witness) =>
        this.load.acknowledged.filter(
          ({ epoch, offset, payload }) =>
            epoch === witness.epoch && offset > witness.from && !witness.has(payload),
        ),
      )
    for (let waited = 0; waited < 8_000 && missing().length > 0; waited += 50) await pause(50)
    for (const { epoch, offset } of missing())
      this.faults.push(`${epoch}.${offset} was acknowledged and never came`)
  }

  /** Where both readers were in an epoch, they saw the same. */
  #compareOrders(): void {
    const [one, two] = this.witnesses
    for (const order of one!.orders) {
      const other = two!.orders.find(({ epoch }) => epoch === order.epoch)
      if (!other) continue
      const from = Math.max(order.from, other.from)
      const to = Math.min(order.offsets.at(-1) ?? 0, other.offsets.at(-1) ?? 0)
      const [mine, theirs] = [order, other].map(({ offsets }) =>
        offsets.filter((offset) => offset > from && offset <= to).join(),
      )
      if (mine !== theirs) this.faults.push(`the two readers saw different events in ${order.epoch}`)
    }
  }

  get counts(): { [name: string]: number } {
    const { acknowledged, failed } = this.load
    const [one, two] = this.witnesses
    return {
      acknowledged: acknowledged.length,
      failed: [...failed.values()].reduce((sum, count) => sum + count, 0),
      delivered: one!.events + two!.events,
      epochs: new Set(acknowledged.map(({ epoch }) => epoch)).size,
      resets: one!.resets + two!.resets,
      'slowest healing ms': this.slowestMs,
    }
  }
}

/** Adds up the counts of several scenes; of a slowest, the slowest. */
export function addCounts(into: { [name: string]: number }, counts: { [name: string]: number }): void {
  for (const [name, count] of Object.entries(counts)) {
    into[name] = name.startsWith('slowest') ? Math.max(into[name] ?? 0, count) : (into[name] ?? 0) + count
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
