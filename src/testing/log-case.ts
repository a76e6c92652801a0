import { deepStrictEqual, ok } from 'node:assert/strict'
import type {
  AppendOptions,
  ChannelLog,
  Feed,
  NewEvent,
  ReadFrom,
  ReadLimits,
  StoredEvent,
} from '../hub/channel-log.ts'
import { isFairleadError } from '../protocol/index.ts'
import { type Case, eventually } from './case-runner.ts'

/** One point of what a `ChannelLog` promises. */
export type LogCase = Case<LogContext>

/** How much a log of a case keeps at most. What is left out is without a bound that a case would meet. */
export interface LogOpenOptions {
  /** Events in all channels. */
  readonly events?: number
  /** Bytes that the kept events take; roughly, and the newest event is kept whatever it takes. */
  readonly bytes?: number
  /** Age of an event, in milliseconds. */
  readonly ageMs?: number
  /** Records of channels of which nothing is kept; a log that keeps more of them, or all, is as good. */
  readonly channels?: number
}

/** What a case gets. */
export interface LogContext {
  /** Opens a new, empty log, which nothing else uses. It is closed after the case. */
  open(options?: LogOpenOptions): Promise<ChannelLog>
  /** Closes a log and opens what it left behind, as a server that starts again does. */
  reopen(log: ChannelLog): Promise<ChannelLog>
  /** Opens the same log a second time, as another server does. It is closed after the case. */
  another(log: ChannelLog): Promise<ChannelLog>
  /** Lets time go by, in milliseconds: for real, or on the simulated clock of the logs. */
  pass(ms: number): Promise<void>
}

/** Bounds that no case reaches. */
export const wholePage: ReadLimits = { events: 10_000, bytes: 64 * 1024 * 1024 }

/** An event of which only the channel, and perhaps the payload, matters. */
export function tick(channel: string, payload: NewEvent['payload'] = '0'): NewEvent {
  return { channel, event: 'tick', payload }
}

/** Appends a tick to each of these channels, one after the other, and answers their offsets. */
export async function appendTo(
  log: ChannelLog,
  channels: readonly string[],
  options?: AppendOptions,
): Promise<number[]> {
  const offsets: number[] = []
  for (const channel of channels) offsets.push((await log.append(tick(channel), options)).offset!)
  return offsets
}

/** Every channel from the same offset. */
export function all(channels: readonly string[], after = 0): ReadFrom[] {
  return channels.map((channel) => ({ channel, after }))
}

/** Reads pages until there is no more, each from where the one before ended; none of them may report a gap. */
export async function readAll(
  log: ChannelLog,
  from: readonly ReadFrom[],
  bounds: ReadLimits = wholePage,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  let reached = 0
  for (;;) {
    const next = from.map(({ channel, after }) => ({ channel, after: Math.max(after, reached) }))
    const page = await log.read(next, bounds)
    deepStrictEqual(page.gaps, [], 'nothing was trimmed, so there is no gap')
    events.push(...page.events)
    if (!page.more) return events
    ok(page.reached > reached, 'a page that is not the last one goes forward')
    reached = page.reached
  }
}

/** The offsets of events. */
export function offsetsOf(events: readonly StoredEvent[]): (number | null)[] {
  return events.map((event) => event.offset)
}

/** Asserts that each number is greater than the one before. */
export function assertRising(numbers: readonly (number | null)[]): void {
  numbers.forEach((number, i) => {
    ok(i === 0 || number! > numbers[i - 1]!, `rises at each step: ${numbers.join(' ')}`)
  })
}

/** Asserts that a promise is rejected with one of our errors of this code, and answers its position. */
export async function assertRefused(refused: Promise<unknown>, code: string): Promise<string | undefined> {
  const error: unknown = await refused.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  ok(isFairleadError(error), `is refused with ${code}, not ${error === undefined ? 'taken' : String(error)}`)
  deepStrictEqual(error.code, code)
  return error.position
}

/** Follows a log and gathers what the feed gives. */
export function gather(
  log: ChannelLog,
  onEvent?: (event: StoredEvent) => void,
): { feed: Feed; seen: StoredEvent[] } {
  const seen: StoredEvent[] = []
  const feed = log.follow({
    event(event) {
      seen.push(event)
      onEvent?.(event)
    },
    epoch(epoch) {
      throw new Error(`The epoch changed to ${epoch}: no case asks for that.`)
    },
    unavailable(lost) {
      if (lost) throw new Error('The log is out of reach: no case asks for that.')
    },
  })
  return { feed, seen }
}

/** Waits until all that is kept of a channel comes after `offset`. */
export async function eventuallyTrimmed(
  pass: LogContext['pass'],
  log: ChannelLog,
  channel: string,
  offset: number,
): Promise<void> {
  await eventually(pass, `the events of ${channel} up to ${offset} are trimmed`, async () => {
    return (await log.channelHead(channel)).earliest >= offset
  })
}
