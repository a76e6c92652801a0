import { FairleadError, formatPosition, limits, type ResetReason } from '../protocol/index.ts'
import type { Clock } from './clock.ts'
import { EncodedEvent } from './encoded-event.ts'
import { type StartRequest, startOf } from './start.ts'
import type { HistoryPage, Topic } from './topic.ts'
import type { TopicHub } from './topic-hub.ts'

/** What is asked of a history: with no start given, only where the log stands. */
export interface HistoryRequest extends StartRequest {
  /** Events at most. @default 100 */
  readonly limit?: number | undefined
  /** How long to wait for the first event when there is none. @default 0 */
  readonly waitMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** The client's id, on channels with presence. */
  readonly client?: string | undefined
}

/** A stretch of history. */
export interface History {
  /** In offset order over all channels. */
  readonly events: readonly EncodedEvent[]
  /** Everything of the channels up to here is in the answer, or was before it: where to go on. */
  readonly position: string
  /** There is more to read now. */
  readonly more: boolean
  readonly resets: readonly { channel: string; reason: ResetReason; earliest: string; latest: string }[]
  readonly denied: readonly { channel: string; code: string }[]
}

/** Reads from a start on; without one answers no events, only where the log stands. */
export async function readHistory(
  hub: TopicHub,
  clock: Clock,
  channels: readonly string[],
  request: HistoryRequest,
): Promise<History> {
  const topic = hub.topic(channels)
  const { era } = hub
  const history = await readFrom(hub, topic, clock, request)
  // What was read on both sides of a new epoch is no one history.
  if (era !== hub.era) throw new FairleadError('unavailable', 'The log began anew meanwhile: ask again.')
  return history
}

async function readFrom(
  hub: TopicHub,
  topic: Topic,
  clock: Clock,
  request: HistoryRequest,
): Promise<History> {
  // Listening before reading: an event between the two wakes the reader instead of being missed.
  const arrival = listen(topic, clock, request.signal)
  try {
    await topic.opened
    const start = await startOf(hub, topic, request)
    const asked = request.after !== undefined || request.last !== undefined || request.starts !== undefined
    const from = new Cursor(start.position, new Map(start.floors))
    const first = asked ? await readPage(hub, topic, from, request) : nothing
    if (first.events.length > 0 || first.resets.length > 0 || start.resets.length > 0 || !request.waitMs) {
      return answer(hub, from, first, start.resets)
    }
    const deadline = clock.now() + request.waitMs
    const { era } = hub
    for (;;) {
      const unkept = await arrival.next(deadline - clock.now())
      // Whoever stops waiting goes on later from where it stands: nothing is read for it now.
      const read = request.signal?.aborted ? nothing : await readPage(hub, topic, from, request)
      const events = [...read.events, ...unkept]
      const over = clock.now() >= deadline || request.signal?.aborted || era !== hub.era
      if (events.length > 0 || read.resets.length > 0 || over)
        return answer(hub, from, { ...read, events }, [])
    }
  } finally {
    arrival.stop()
  }
}

/** Where a reader of history stands: the list's position, and channels that go on from later. */
class Cursor {
  position: number
  readonly floors: Map<string, number>

  constructor(position: number, floors: Map<string, number>) {
    this.position = position
    this.floors = floors
  }
}

interface Read {
  readonly events: readonly EncodedEvent[]
  readonly more: boolean
  readonly resets: History['resets']
}

const nothing: Read = { events: [], more: false, resets: [] }

async function readPage(hub: TopicHub, topic: Topic, cursor: Cursor, request: HistoryRequest): Promise<Read> {
  const limit = request.limit ?? limits.historyDefault
  const tail = fromTail(topic, cursor, limit)
  if (tail) return tail
  const { events, log } = await readLog(hub, topic, cursor, limit, request.signal)
  const resets = log.gaps.map(({ channel, reason, earliest }) => ({
    channel,
    reason,
    earliest: formatPosition(hub.epoch, earliest),
    latest: formatPosition(hub.epoch, log.head),
  }))
  // Every channel goes on from the head; a position that was ahead comes back to it.
  const lost = log.gaps.length === topic.channels.length
  cursor.position = lost ? log.head : Math.max(cursor.position, log.reached)
  return { events, more: log.more, resets }
}

async function readLog(
  hub: TopicHub,
  topic: Topic,
  cursor: Cursor,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<HistoryPage> {
  // What is ahead of the feed may be there at the next moment.
  const shared = cursor.floors.size === 0 && cursor.position <= topic.position && topic.current
  if (shared) return unlessAborted(topic.history(cursor.position, limit), signal)
  const from = topic.channels.map((channel) => ({
    channel,
    after: Math.max(cursor.position, cursor.floors.get(channel) ?? 0),
  }))
  const log = await hub.log.read(from, { events: limit, bytes: limits.historyBytes }, signal)
  return { events: log.events.map((event) => new EncodedEvent(event, hub.epoch)), log }
}

/** Who goes away stops waiting for a read that others share. */
function unlessAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** A reader inside the topic's tail needs no read of the log: thousands of polls woken by one event cost none. */
function fromTail(topic: Topic, cursor: Cursor, limit: number): Read | undefined {
  const { position } = topic
  // What was appended here is in the log and perhaps not yet in the tail: who published it reads it.
  if (!topic.current) return undefined
  if (cursor.floors.size > 0 || cursor.position < topic.tailStart || cursor.position > position)
    return undefined
  const events = topic.tailAfter(cursor.position).events
  const given = events.slice(0, limit)
  const more = given.length < events.length
  cursor.position = more ? given[given.length - 1]!.event.offset! : position
  return { events: given, more, resets: [] }
}

function answer(hub: TopicHub, cursor: Cursor, read: Read, startResets: History['resets']): History {
  const resets = [...startResets, ...read.resets]
  for (const { reason } of resets) hub.metrics.resets.add(reason)
  return {
    events: read.events,
    position: formatPosition(hub.epoch, cursor.position),
    more: read.more,
    resets,
    denied: [],
  }
}

/** Hears of a topic's events. The answers are those that no log keeps: the others are read from their position. */
function listen(topic: Topic, clock: Clock, signal: AbortSignal | undefined) {
  let arrived: EncodedEvent[] | undefined
  let wake = () => {}
  let cancel = () => {}
  let stopListening: () => void = () => {}
  const stop = topic.wait(({ events }) => {
    arrived = [...(arrived ?? []), ...events.filter(({ event }) => event.offset === null)]
    wake()
  })
  return {
    stop,
    /** Resolves at the next events, when the time is over, or on abort. */
    async next(waitMs: number): Promise<EncodedEvent[]> {
      if (!arrived && !signal?.aborted && waitMs > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
          cancel = clock.after(waitMs, resolve)
          const aborted = () => resolve()
          signal?.addEventListener('abort', aborted)
          stopListening = () => signal?.removeEventListener('abort', aborted)
        })
        cancel()
        stopListening()
      }
      const unkept = arrived ?? []
      arrived = undefined
      return unkept
    },
  }
}
