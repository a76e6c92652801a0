import { FairleadError } from 'fairlead'
import type { Live } from './live.ts'
import { epochOf, offsetOf } from './live.ts'
import { booksIncomplete, newestSnapshot, type Snapshot } from './snapshots.ts'
import {
  type FoldedChannel,
  fold,
  foldedChannels,
  type Order,
  type ShopEvent,
  type ShopState,
} from './state.ts'

/** Buyers' keys that are known by heart. */
const keysKept = 50_000

/** The state as it was folded so far, and exactly how far that is. */
export class Kept {
  state: ShopState
  /** Beside the state, because copying it with every event would cost more than the fold. */
  readonly keys = new Map<string, Order>()
  readonly #positions = new Map<FoldedChannel, string>()

  constructor(state: ShopState, epoch: string, offsets: Snapshot['offsets']) {
    this.state = state
    for (const channel of foldedChannels) this.#positions.set(channel, `${epoch}.${offsets[channel]}`)
  }

  position(channel: FoldedChannel): string {
    return this.#positions.get(channel)!
  }

  /** Whether everything of the channel up to a position of the same epoch is in the state. */
  holds(channel: FoldedChannel, position: string): boolean {
    const own = this.position(channel)
    return epochOf(own) === epochOf(position) && offsetOf(own) >= offsetOf(position)
  }

  /** Takes an event in; one that the state holds is only looked at for its buyer's key. */
  take(event: ShopEvent): void {
    const isNew = !this.holds(event.channel, event.id)
    if (isNew) this.state = fold(this.state, event)
    if (event.event === 'new_order') this.#index({ ...event.data, time: event.time })
    if (isNew) this.moveTo(event.channel, event.id)
  }

  /** There is nothing more of the channel up to here. */
  moveTo(channel: FoldedChannel, position: string): void {
    if (!this.holds(channel, position)) this.#positions.set(channel, position)
  }

  #index(order: Order): void {
    this.keys.set(order.key, order)
    if (this.keys.size > keysKept) this.keys.delete(this.keys.keys().next().value!)
  }
}

/**
 * Rebuilds the state from the log: the newest snapshot, and every event after it. Buyers' keys are read from further
 * back, so that an order sent again is known also just after a start.
 */
export async function readKept(live: Live): Promise<Kept> {
  const { state, offsets, keysAfter } = await newestSnapshot(live)
  const epoch = epochOf(await live.channel('orders').position())
  const kept = new Kept(state, epoch, offsets)
  for (const channel of foldedChannels) {
    const from = channel === 'orders' ? keysAfter : offsets[channel]
    await readAll(live, channel, `${epoch}.${from}`, offsets[channel], kept)
  }
  return kept
}

/** Takes in all that the log holds of a channel, page by page. What it let go of before `needed` is not missed. */
async function readAll(
  live: Live,
  channel: FoldedChannel,
  start: string,
  needed: number,
  kept: Kept,
): Promise<void> {
  let after = start
  for (;;) {
    const page = await live.channel(channel).history({ after, limit: 1000 })
    const gap = page.reset?.[0]
    if (gap) {
      if (gap.reason !== 'trimmed') throw new FairleadError('unavailable', 'The log began anew meanwhile.')
      if (offsetOf(gap.earliest) > needed && channel === 'stock') throw booksIncomplete()
      after = gap.earliest
      continue
    }
    for (const event of page.events) {
      assertNext(event as ShopEvent, kept.state)
      kept.take(event as ShopEvent)
    }
    kept.moveTo(channel, page.position)
    if (!page.more) return
    after = page.position
  }
}

/** The numbers of the orders leave none out. */
function assertNext(event: ShopEvent, { orderCount }: ShopState): void {
  if (event.event === 'new_order' && event.data.id > orderCount + 1) throw booksIncomplete()
}
