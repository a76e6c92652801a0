import type { ChannelLog, Feed, StoredEvent } from '../../src/hub/channel-log.ts'
import { isFairleadError } from '../../src/protocol/index.ts'

/** What the readers read and the writers write to. */
const channels: readonly string[] = ['orders', 'prices/eur', 'a.b', 'chat~1']

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Where something was seen: an epoch and an offset in it, and which append it was. */
export interface Sight {
  readonly epoch: string
  readonly offset: number
  readonly id: string
}

/** Tries again until it is done: a reader has patience. */
async function patiently<T>(isOver: () => boolean, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (isOver() || !isFairleadError(error)) throw error
      await pause(50)
    }
  }
}

/**
 * Reads all channels of a log as the hub does for a client: from where it stands in the history, then what the feed
 * gives; from its own position again when it is told to come back, and from the head when the epoch is another.
 */
export class HistoryReader {
  readonly seen: Sight[] = []
  readonly faults: string[] = []
  /** Epochs that it was told of after the first: each is a signalled loss. */
  resets = 0
  comebacks = 0
  readonly #log: ChannelLog
  readonly #name: string
  readonly #feed: Feed
  #position: { epoch: string; offset: number } | undefined
  #live: StoredEvent[] | undefined = []
  #round = 0
  #closed = false

  constructor(log: ChannelLog, name: string) {
    this.#log = log
    this.#name = name
    this.#feed = log.follow({
      event: (event) => {
        if (this.#live) this.#live.push(event)
        else this.#see(event)
      },
      epoch: () => {
        this.comebacks++
        void this.#begin()
      },
      unavailable: () => {},
    })
  }

  get position(): { epoch: string; offset: number } | undefined {
    return this.#position
  }

  /** Resolves when it follows the feed. */
  start(): Promise<void> {
    return this.#begin()
  }

  close(): void {
    this.#closed = true
  }

  async #begin(): Promise<void> {
    const round = ++this.#round
    const isOver = () => this.#closed || round !== this.#round
    this.#live = []
    try {
      let until = 0
      for (const channel of channels) {
        until = Math.max(until, await patiently(isOver, async () => this.#feed.watch(channel)))
        if (isOver()) return
      }
      await this.#readUp(until, isOver)
    } catch (error) {
      if (!isOver()) this.faults.push(`${this.#name} cannot go on: ${error}`)
      return
    }
    if (isOver()) return
    const waiting = this.#live
    this.#live = undefined
    for (const event of waiting) this.#see(event)
  }

  async #readUp(until: number, isOver: () => boolean): Promise<void> {
    const head = await patiently(isOver, () => this.#log.head())
    if (isOver()) return
    const before = this.#position
    if (!before || before.epoch !== head.epoch) {
      if (before) this.resets++
      this.#position = { epoch: head.epoch, offset: before ? Math.max(until, head.offset) : 0 }
    }
    for (;;) {
      const after = this.#position!.offset
      if (after >= until) return
      const page = await patiently(isOver, () => {
        return this.#log.read(
          channels.map((channel) => ({ channel, after })),
          { events: 200, bytes: 1_000_000, until },
        )
      })
      if (isOver()) return
      if (page.gaps.length > 0) {
        this.faults.push(`${this.#name} has a gap after ${after}: ${JSON.stringify(page.gaps)}`)
        this.#position = { ...this.#position!, offset: until }
        return
      }
      for (const event of page.events) this.#see(event)
      this.#position = { ...this.#position!, offset: Math.max(page.reached, this.#position!.offset) }
    }
  }

  #see(event: StoredEvent): void {
    const position = this.#position!
    if (event.offset! <= position.offset) return
    this.#position = { ...position, offset: event.offset! }
    this.seen.push({ epoch: position.epoch, offset: event.offset!, id: event.payload as string })
  }
}

/** Appends to a log without a rest, some under a key, which are tried again until they are answered. */
export class HistoryWriter {
  readonly acknowledged: Sight[] = []
  /** Ids whose outcome is not known: without a key, nobody may try again. */
  readonly unknown = new Set<string>()
  readonly keyed = new Set<string>()
  readonly faults: string[] = []
  failed = 0
  /** The longest that an append took to fail, in milliseconds. */
  slowestFailure = 0
  readonly #log: ChannelLog
  readonly #name: string
  readonly #random: () => number
  readonly #restMs: number
  readonly #keyed: number
  readonly #loops: Promise<void>[]
  #stopped = false
  #count = 0

  /** `atOnce` appends on their way at a time, with a rest of `restMs` after each, this share of them under a key. */
  constructor(
    log: ChannelLog,
    name: string,
    random: () => number,
    { atOnce, restMs, keyed }: { readonly atOnce: number; readonly restMs: number; readonly keyed: number },
  ) {
    this.#log = log
    this.#name = name
    this.#random = random
    this.#restMs = restMs
    this.#keyed = keyed
    this.#loops = Array.from({ length: atOnce }, () => this.#loop())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#loops)
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      await this.#appendOne(`${this.#name}-${this.#count++}`)
      await pause(this.#restMs)
    }
  }

  async #appendOne(id: string): Promise<void> {
    const channel = channels[Math.floor(this.#random() * channels.length)]!
    const key = this.#random() < this.#keyed ? id : undefined
    if (key) this.keyed.add(id)
    for (;;) {
      const began = performance.now()
      try {
        const { epoch, offset } = await this.#log.append({ channel, event: 'e', payload: id }, { key })
        this.acknowledged.push({ epoch, offset: offset!, id })
        this.unknown.delete(id)
        return
      } catch (error) {
        this.failed++
        this.slowestFailure = Math.max(this.slowestFailure, performance.now() - began)
        if (!isFairleadError(error) || error.code !== 'unavailable') {
          this.faults.push(`append ${id} failed with ${error}`)
          return
        }
        this.unknown.add(id)
        if (!key) return
        await pause(50)
      }
    }
  }
}

/** Waits until every reader is at the newest acknowledged offset; answers how long that took, in milliseconds. */
export async function caughtUp(
  readers: readonly HistoryReader[],
  logs: readonly ChannelLog[],
  limitMs: number,
): Promise<number | undefined> {
  const began = performance.now()
  while (performance.now() - began < limitMs) {
    const heads = await Promise.all(logs.map((log) => log.head().catch(() => undefined)))
    const head = heads[0]
    const there = readers.every(({ position }) => {
      return head && position && position.epoch === head.epoch && position.offset >= head.offset
    })
    if (there && heads.every((each) => each?.epoch === head!.epoch)) return performance.now() - began
    await pause(20)
  }
  return undefined
}

/** What a history comes to: each point that must hold, counted. */
export function judge(
  readers: readonly HistoryReader[],
  writers: readonly HistoryWriter[],
): { counts: Record<string, number>; faults: string[] } {
  const faults = [...readers, ...writers].flatMap((each) => each.faults)
  const acknowledged = writers.flatMap((writer) => writer.acknowledged)
  const counts = {
    acknowledged: acknowledged.length,
    'failed appends': writers.reduce((sum, { failed }) => sum + failed, 0),
    'new epochs': Math.max(...readers.map(({ resets }) => resets)),
    comebacks: readers.reduce((sum, { comebacks }) => sum + comebacks, 0),
    lost: readers.reduce((sum, reader) => sum + lostBy(reader, acknowledged), 0),
    reused: reusedOffsets([...acknowledged, ...readers.flatMap(({ seen }) => seen)]),
    'out of order': readers.reduce((sum, { seen }) => sum + disorder(seen), 0),
    repeated: readers.reduce((sum, { seen }) => sum + repeated(seen), 0),
    disagreements: readers.slice(1).reduce((sum, { seen }) => sum + disagreements(readers[0]!.seen, seen), 0),
  }
  for (const name of ['lost', 'reused', 'out of order', 'repeated', 'disagreements'] as const) {
    if (counts[name] > 0) faults.push(`${name}: ${counts[name]}`)
  }
  return { counts, faults }
}

/** Acknowledged events that a reader never saw although it went beyond them in the same epoch. */
function lostBy({ seen }: HistoryReader, acknowledged: readonly Sight[]): number {
  const had = new Set(seen.map(({ epoch, offset, id }) => `${epoch}.${offset} ${id}`))
  const firsts = new Map<string, number>()
  const lasts = new Map<string, number>()
  for (const { epoch, offset } of seen) {
    if (!firsts.has(epoch)) firsts.set(epoch, offset)
    lasts.set(epoch, offset)
  }
  const first = seen[0]?.epoch
  return acknowledged.filter(({ epoch, offset, id }) => {
    // A reader that comes back to a new epoch begins at its head; from its first event on it must have all.
    const begun = epoch === first ? 0 : (firsts.get(epoch) ?? Number.POSITIVE_INFINITY)
    const ended = lasts.get(epoch) ?? 0
    return offset >= begun && offset <= ended && !had.has(`${epoch}.${offset} ${id}`)
  }).length
}

function reusedOffsets(sights: readonly Sight[]): number {
  const ids = new Map<string, string>()
  const reused = new Set<string>()
  for (const { epoch, offset, id } of sights) {
    const place = `${epoch}.${offset}`
    if ((ids.get(place) ?? id) !== id) reused.add(place)
    ids.set(place, id)
  }
  return reused.size
}

function disorder(seen: readonly Sight[]): number {
  return seen.filter(({ epoch, offset }, i) => {
    const before = seen[i - 1]
    return before && before.epoch === epoch && before.offset >= offset
  }).length
}

/** Events that came twice in an epoch, under whichever offset: an append under a key is done once, unless it was lost. */
function repeated(seen: readonly Sight[]): number {
  return seen.length - new Set(seen.map(({ epoch, id }) => `${epoch} ${id}`)).size
}

/** Offsets between a reader's first and last of an epoch that only one of two saw, or both with other content. */
function disagreements(one: readonly Sight[], two: readonly Sight[]): number {
  let count = 0
  for (const epoch of new Set(one.map((sight) => sight.epoch))) {
    const [mine, other] = [one, two].map((seen) => seen.filter((sight) => sight.epoch === epoch))
    if (other!.length === 0) continue
    const from = Math.max(mine![0]!.offset, other![0]!.offset)
    const until = Math.min(mine!.at(-1)!.offset, other!.at(-1)!.offset)
    const [left, right] = [mine!, other!].map((seen) => {
      return seen
        .filter(({ offset }) => offset >= from && offset <= until)
        .map(({ offset, id }) => `${offset} ${id}`)
    })
    const length = Math.max(left!.length, right!.length)
    for (let i = 0; i < length; i++) if (left![i] !== right![i]) count++
  }
  return count
}
