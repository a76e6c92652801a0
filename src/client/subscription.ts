import type { DeniedMessage, EventMessage, PresenceMessage, ResetMessage } from '../protocol/messages.ts'
import { type Position, parsePosition } from '../protocol/position.ts'

/** Where reading a channel starts. With nothing given: now. */
export interface Start {
  /** After a position, or at one of the ends of what is kept. @default 'latest' */
  readonly after?: string | undefined
  /** The newest so many events, then what comes. */
  readonly last?: number | undefined
}

/** What a subscription lets through. After a `denied` nothing follows. */
export type ChannelMessage = EventMessage | ResetMessage | PresenceMessage | DeniedMessage

/** One reading of a channel from a start on, over however many streams. */
export interface Subscription {
  readonly channel: string
  readonly start: Start
  /** While false, nothing is let through: it is closed, or waits for its channel's `load`. */
  active: boolean
  /** The position reached, once there is one: the start's, or what a stream said first. */
  readonly position: string | undefined
  /** A stream starts at `position`: taken only if none is held. */
  starts(position: string): void
  /** Everything up to `position` has been given. Of another epoch it says nothing: its reset is still to come. */
  reaches(position: string): void
  /** A stream's message for this channel. */
  take(message: ChannelMessage): void
}

/**
 * Holds the position reached and lets each event through once: what is at or below the position was seen, and is
 * dropped. Streams give a channel's events in order and whole from where they start, and a stream starts at or before
 * the position held. So the first event above the position is always the very next one, and no gap needs looking for.
 *
 * Throws `invalid_position` on a start that is none.
 */
export function createSubscription(
  channel: string,
  start: Start,
  sink: (message: ChannelMessage) => void,
): Subscription {
  const { after = 'latest' } = start
  let held: Position | undefined

  /** Moves forward, never back; says whether it did. */
  const advance = (text: string, within?: boolean): boolean => {
    const next = parsePosition(text)
    const isSame = held?.epoch === next.epoch
    if (held && (isSame ? next.offset <= held.offset : within)) return false
    held = next
    return true
  }

  if (after !== 'earliest' && after !== 'latest') advance(after)
  return {
    channel,
    start,
    active: true,
    get position() {
      return held && `${held.epoch}.${held.offset}`
    },
    starts(text) {
      if (!held) advance(text)
    },
    reaches: (text) => advance(text, true),
    take(message) {
      if (!this.active) return
      if (message.op === 'reset') {
        held = undefined
        advance(message.latest)
      }
      // An event without an id is kept by no log: it comes once or never.
      if (message.op !== 'event' || !message.id || advance(message.id)) sink(message)
    },
  }
}
