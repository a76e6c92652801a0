import { type Ending, ending } from '../ending.ts'
import type { Query } from '../endpoint.ts'
import type { Subscription } from '../subscription.ts'
import type { StreamRequest } from './stream.ts'

/**
 * The query of one stream over all subscriptions, each from where it stands. New ones that start alike leave it to the
 * server to say where. Beside others a new one is placed first, by itself: the stream as a whole can only name the
 * least position of all.
 */
export async function startQuery(request: StreamRequest, signal: AbortSignal): Promise<Query> {
  const subscriptions = request.subscriptions.filter(({ active }) => active)
  const [first] = subscriptions
  if (!first) throw ending('No channel is left to read.')
  const isAlone = subscriptions.length === 1
  const isAlike = ({ position, start: { after, last } }: Subscription) =>
    // `last` of several channels would be the newest of all together, not of each.
    !position && after === first.start.after && (isAlone || last === undefined)
  const together = subscriptions.every(isAlike)
  if (!together) await Promise.all(subscriptions.map((one) => one.position ?? place(one, request, signal)))
  const channels = subscriptions.map(
    ({ channel, position }) => ['channel', position ? `${channel}@${position}` : channel] as const,
  )
  const { clientId } = request
  return [...channels, ...(together ? startOf(first) : []), ...(clientId ? [['client', clientId] as const] : [])]
}

/** Where a subscription without a position starts. */
function startOf({ start: { after, last } }: Subscription): Query {
  if (last !== undefined) return [['last', last]]
  return after === 'earliest' ? [['after', after]] : []
}

/** Gives a new subscription its position, and what it asked for of the past. */
async function place(one: Subscription, { endpoint }: StreamRequest, signal: AbortSignal): Promise<void> {
  try {
    const query: Query = [['channel', one.channel], ['limit', 1000], ...startOf(one)]
    const page = await (await endpoint.fetch({ query, signal })).json()
    for (const event of page.events) one.take(event)
    one.starts(page.position)
  } catch (error) {
    // What may not be read is said by the stream, to that channel alone.
    if ((error as Ending).kind !== 'denied') throw error
  }
}
