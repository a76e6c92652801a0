import type { EventMessage } from '../../protocol/messages.ts'
import { type Ending, ending } from '../ending.ts'
import type { Query } from '../endpoint.ts'
import type { Subscription } from '../subscription.ts'
import type { StreamRequest } from './stream.ts'

/**
 * The query of one stream over all subscriptions, each from where it stands. A new one alone, or several that all start
 * now, leave it to the server to say where that is. Beside others a new one is placed first, by itself: the stream as a
 * whole can only name the least position of all.
 */
export async function startQuery(request: StreamRequest, signal: AbortSignal): Promise<Query> {
  const subscriptions = request.subscriptions.filter(({ active }) => active)
  const [first] = subscriptions
  if (!first) throw ending('No channel is read.')
  const isAlone = subscriptions.length === 1
  const together = subscriptions.every(
    ({ position, start }) => !position && (isAlone || (start.after ?? start.last) === undefined),
  )
  if (!together) await Promise.all(subscriptions.map((one) => one.position ?? place(one, request, signal)))
  const channels = subscriptions.map(
    ({ channel, position }) => ['channel', position ? `${channel}@${position}` : channel] as const,
  )
  const { clientId } = request
  return [
    ...channels,
    ...(together ? startOf(first) : []),
    ...(clientId ? [['client', clientId] as const] : []),
    ['format', 'envelope'],
  ]
}

/** Where a subscription without a position starts. */
function startOf({ start: { after, last } }: Subscription): Query {
  if (last !== undefined) return [['last', last]]
  return after === 'earliest' ? [['after', after]] : []
}

/** Gives a new subscription its position, and what it asked for of the past. */
async function place(one: Subscription, { endpoint }: StreamRequest, signal: AbortSignal): Promise<void> {
  try {
    const query: Query = [['channel', one.channel], ...startOf(one)]
    const page = await endpoint.json<{ events: EventMessage[]; position: string }>({ query, signal })
    for (const event of page.events) one.take(event)
    one.reaches(page.position)
  } catch (error) {
    // What may not be read is said by the stream, to that channel alone.
    if ((error as Ending).kind !== 'denied') throw error
  }
}
