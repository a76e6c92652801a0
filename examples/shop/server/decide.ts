import { isFairleadError, type ServerChannel } from 'fairlead'
import type { Book } from './book.ts'
import type { Live } from './live.ts'
import type { FoldedChannel, ShopEvent } from './state.ts'

/** What is to be appended to a channel of the shop. */
export type Decision<Channel extends FoldedChannel> = EventOf<ShopEvent, Channel>

type EventOf<E, Channel> = E extends { channel: Channel; event: string; data: unknown }
  ? Pick<E, 'event' | 'data'>
  : never

/**
 * Appends what `decide` says, once however many shops on one log come to the same decision: it is appended only if
 * nothing came into the channel that the state does not hold yet (`after`). If something did, the state takes it in
 * and `decide` is asked anew. `decide` reads the state and answers at once; `undefined`: nothing is to be done (any
 * more). Answers whether something was appended; then the state holds it.
 */
export async function decideOn<Channel extends FoldedChannel>(
  live: Live,
  book: Book,
  channel: Channel,
  decide: () => Decision<Channel> | undefined,
): Promise<boolean> {
  const target = live.channel(channel) as ServerChannel
  for (;;) {
    const after = book.position(channel)
    const decision = decide()
    if (!decision) return false
    try {
      const { id } = await target.publish(decision.event, decision.data, { after })
      await book.reached(channel, id!)
      return true
    } catch (error) {
      if (!isFairleadError(error) || error.code !== 'conflict') throw error
      await book.catchUp(channel)
    }
  }
}
