import type { Awaitable } from '../hub/awaitable.ts'
import type { EncodedEvent } from '../hub/encoded-event.ts'
import type { History } from '../hub/history.ts'
import type { Hub } from '../hub/hub.ts'
import { append } from '../hub/sending.ts'
import {
  type DataIn,
  type Durability,
  type EventMap,
  type EventNameIn,
  FairleadError,
  formatPosition,
  parseAfter,
  parseChannelName,
  parseEventName,
  parseKey,
  parseLast,
  parsePosition,
  parseTag,
  toPayload,
} from '../protocol/index.ts'

/** An event as the application sees it. */
export interface EventRecord<Name extends string = string, Data = unknown> {
  /** Its position; `undefined` on a channel that keeps nothing. */
  readonly id: string | undefined
  readonly channel: string
  readonly event: Name
  /** The payload, parsed; bytes are a `Uint8Array`. */
  readonly data: Data
  /** When it was appended, in milliseconds. */
  readonly time: number
  readonly tag: string | undefined
}

/** The events of a channel, each name with its own payload. */
export type EventRecordOf<E extends EventMap> = {
  [N in EventNameIn<E>]: EventRecord<N, DataIn<E, N>>
}[EventNameIn<E>]

/** What a publish depends on. */
export interface PublishOptions {
  /** An idempotency key: publishing again with it answers the first time's position. */
  readonly key?: string
  /** Publish only if nothing newer than this position stands in the channel, else throws `conflict`. */
  readonly after?: string
  /** What the slow-reader policy `latest` keeps the newest of. */
  readonly tag?: string
}

/** What a publish answers. */
export interface Published {
  /** The event's position; `undefined` on a channel that keeps nothing. */
  readonly id: string | undefined
  readonly durability: Durability
}

/** A channel, as the application uses it: nothing is refused to it. */
export interface ServerChannel<E extends EventMap = EventMap> {
  /** Appends one event. Resolves when it is as durable as the answer says. */
  publish<Name extends EventNameIn<E>>(
    event: Name,
    data: DataIn<E, Name>,
    options?: PublishOptions,
  ): Promise<Published>
  /** Where the log stands. Read it before a state, and let readers of the state follow after it. */
  position(): Promise<string>
  /** Where the channel's own newest event stands: what `after` of a publish is compared with. */
  last(): Promise<string>
  /** What is kept: after a position (default: all), or the newest `last`, at most `limit` (100, up to 1000). */
  history(options?: { after?: string; last?: number; limit?: number }): Promise<{
    events: EventRecordOf<E>[]
    position: string
    more: boolean
    reset?: History['resets']
  }>
  /** Who is on the channel. */
  members(): Promise<string[]>
  /** The channel's events from a position on (default: from now), until the signal aborts. Throws `not_found` on a gap. */
  events(options?: { after?: string; signal?: AbortSignal }): AsyncIterable<EventRecordOf<E>>
}

/** Makes the application's side of one channel; `ready` gives the hub, or throws when it takes too long to open. */
export function serverChannel(ready: () => Awaitable<Hub>, channel: string): ServerChannel {
  parseChannelName(channel)
  return {
    // Its only promise is the answer's, where hub and log have nothing to wait for.
    async publish(event, data, { key, after, tag } = {}) {
      const soon = ready()
      const hub = soon instanceof Promise ? await soon : soon
      const done = append(hub, {
        channel,
        event: parseEventName(event),
        payload: toPayload(data),
        tag: tag === undefined ? undefined : parseTag(tag),
        after: after === undefined ? undefined : parsePosition(after),
        key: key === undefined ? undefined : JSON.stringify(['application', parseKey(key)]),
      })
      return done instanceof Promise ? await done : done
    },
    async position() {
      return headOf(await ready(), channel)
    },
    async last() {
      const { epoch, last } = await (await ready()).logs.of(channel).log.channelHead(channel)
      return formatPosition(epoch, last)
    },
    async history({ after, last, limit } = {}) {
      const start =
        last === undefined ? { after: parseAfter(after ?? 'earliest') } : { last: parseLast(last) }
      const { events, position, more, resets } = await (await ready()).application.history([channel], {
        ...start,
        limit,
      })
      return { events: events.map(recordOf), position, more, ...(resets.length > 0 && { reset: resets }) }
    },
    async members() {
      return (await ready()).application.members(channel)
    },
    events: ({ after = 'latest', signal } = {}) => follow(ready, channel, after, signal),
  }
}

async function* follow(
  ready: () => Awaitable<Hub>,
  channel: string,
  after: string,
  signal?: AbortSignal,
): AsyncGenerator<EventRecord> {
  const { application } = await ready()
  let position = after === 'latest' ? await headOf(application.hub, channel) : after
  while (!signal?.aborted) {
    const request = { after: parseAfter(position), waitMs: 30_000, signal }
    const history = await application.history([channel], request).catch((error: unknown) => {
      if (signal?.aborted) return undefined // Whoever reads has had enough: that is the end, not a fault.
      throw error
    })
    if (!history) return
    if (history.resets.length > 0) {
      throw new FairleadError('not_found', 'Events after this position are gone: read the state anew.', {
        position: history.position,
      })
    }
    for (const event of history.events) {
      if (signal?.aborted) return
      yield recordOf(event)
    }
    position = history.position
  }
}

/** Where the log of a channel stands. */
async function headOf(hub: Hub, channel: string): Promise<string> {
  const { epoch, offset } = await hub.logs.of(channel).log.head()
  return formatPosition(epoch, offset)
}

function recordOf({ event, epoch }: EncodedEvent): EventRecord {
  const { channel, offset, payload, time, tag } = event
  const id = offset === null ? undefined : formatPosition(epoch, offset)
  return {
    id,
    channel,
    event: event.event,
    data: typeof payload === 'string' ? JSON.parse(payload) : payload,
    time,
    tag,
  }
}
