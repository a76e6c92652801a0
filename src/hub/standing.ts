import type { HeartbeatMessage } from '../protocol/index.ts'
import type { Subscription } from './subscription.ts'

/** How far a connection is: one position for all of its channels, or, over several logs, one for each. */
export type Standing = Pick<HeartbeatMessage, 'id' | 'positions'>

/** What the subscriptions of a connection have in common; one without a position is behind. */
export function standingOf(
  streams: readonly { subscription: Subscription; position: string | undefined }[],
): Standing {
  const known = streams.flatMap(({ position }) => (position === undefined ? [] : [parse(position)]))
  if (new Set(known.map(({ epoch }) => epoch)).size > 1) return { positions: byChannel(streams) }
  if (known.length < streams.length || known.length === 0) return {}
  // Live subscriptions of one log stand at the same moment but for what this turn has yet to flush.
  return { id: known.reduce((least, one) => (one.offset < least.offset ? one : least)).text }
}

function byChannel(streams: Parameters<typeof standingOf>[0]): Record<string, string> {
  const positions: Record<string, string> = {}
  for (const { subscription, position } of streams) {
    for (const channel of subscription.topic.channels) if (position) positions[channel] = position
  }
  return positions
}

function parse(text: string) {
  const dot = text.indexOf('.')
  return { text, epoch: text.slice(0, dot), offset: Number(text.slice(dot + 1)) }
}
