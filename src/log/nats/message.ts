import type { MsgHdrs } from '@nats-io/transport-node'
import type { NewEvent, Retention, StoredEvent } from '../../hub/channel-log.ts'
import type { KeyedAppend } from '../keyed-append.ts'

/** The header that holds what the log knows of an event beside its payload. */
export const headName = 'Fairlead'

/** That header's content, as JSON. What a later version adds is passed over. */
export interface MessageHead {
  /** The event's name. */
  readonly e: string
  /** The appending server's clock, in milliseconds. */
  readonly t: number
  /** The tag. */
  readonly g?: string | undefined
  /** 1: the payload is bytes. */
  readonly b?: 1 | undefined
  /** What the channel keeps since this append: how many, and for how long. */
  readonly n?: number | undefined
  readonly a?: number | undefined
  /** The key's scope, its fingerprint, and which attempt this was. */
  readonly k?: string | undefined
  readonly f?: string | undefined
  readonly x?: string | undefined
}

/** A message as it stands in a stream. */
export interface StreamMessage {
  readonly seq: number
  readonly subject: string
  /** When the server of NATS stored it, in milliseconds. */
  readonly storedAt: number
  readonly head: MessageHead | undefined
  readonly data: Uint8Array
}

/** The head of an event. `attempt` tells one sending of a key from another. */
export function headOf(
  event: NewEvent,
  time: number,
  retention: Retention | undefined,
  keyed: KeyedAppend | undefined,
  attempt: string | undefined,
): MessageHead {
  const kept = retention === 'none' ? undefined : retention
  return {
    e: event.event,
    t: time,
    g: event.tag,
    b: typeof event.payload === 'string' ? undefined : 1,
    n: kept?.count,
    a: kept?.ageMs,
    k: keyed?.scope,
    f: keyed?.fingerprint,
    x: attempt,
  }
}

/** Reads a message's head; `undefined` where there is none. */
export function parseHead(headers: MsgHdrs | undefined): MessageHead | undefined {
  const text = headers?.get(headName)
  return text ? (JSON.parse(text) as MessageHead) : undefined
}

/** An event out of what a message holds. */
export function eventOf(
  channel: string,
  head: MessageHead,
  data: Uint8Array,
  offset: number | null,
  prev: number,
): StoredEvent {
  const payload = head.b
    ? data.slice()
    : Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8')
  return { channel, offset, prev, event: head.e, payload, time: head.t, tag: head.g }
}
