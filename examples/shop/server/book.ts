import type { Live } from './live.ts'
import { offsetOf } from './live.ts'
import {
  emptyShop,
  type FoldedChannel,
  fold,
  foldedChannels,
  type Order,
  type ShopEvent,
  type ShopState,
} from './state.ts'

/** The shop's state, kept up with the log. */
export interface Book {
  readonly state: ShopState
  /** What the state holds of a channel, exactly: every event up to here, and none after it. */
  position(channel: FoldedChannel): string
  /** Resolves when the state holds the channel up to `position`, that of an event. */
  reached(channel: FoldedChannel, position: string): Promise<void>
  /** Asks the log, and resolves when the state holds all of the channel that the log held then. */
  catchUp(channel: FoldedChannel): Promise<void>
  /** The order that a buyer's key stands for, among the newest 50,000. */
  order(key: string): Order | undefined
  /** Calls `fn` after each event that was folded. */
  onEvent(fn: (event: ShopEvent) => void): void
  close(): void
}

interface Waiting {
  readonly channel: FoldedChannel
  readonly offset: number
  readonly resolve: () => void
}

const keysKept = 50_000

/**
 * Rebuilds the state from the log and follows it from there. `onFail` is told when the log can no longer be read: a
 * shop that does not know what it sold must not sell on.
 */
export async function openBook(live: Live, onFail: (error: unknown) => void): Promise<Book> {
  const positions = new Map<FoldedChannel, string>()
  const keys = new Map<string, Order>()
  const listeners: ((event: ShopEvent) => void)[] = []
  const closing = new AbortController()
  let waiting: Waiting[] = []
  let state = emptyShop

  function take(event: ShopEvent): void {
    state = fold(state, event)
    if (event.event === 'new_order') index(state.orders[0]!)
    moveTo(event.channel, event.id)
    for (const listener of listeners) listener(event)
  }

  // Beside the state, because copying it with every event would cost more than the fold.
  function index(order: Order): void {
    keys.set(order.key, order)
    if (keys.size > keysKept) keys.delete(keys.keys().next().value!)
  }

  function moveTo(channel: FoldedChannel, position: string): void {
    positions.set(channel, position)
    const offset = offsetOf(position)
    waiting = waiting.filter((one) => {
      const there = one.channel === channel && one.offset <= offset
      if (there) one.resolve()
      return !there
    })
  }

  function reached(channel: FoldedChannel, position: string): Promise<void> {
    const offset = offsetOf(position)
    if (offsetOf(positions.get(channel)!) >= offset) return Promise.resolve()
    return new Promise((resolve) => waiting.push({ channel, offset, resolve }))
  }

  async function catchUp(channel: FoldedChannel): Promise<void> {
    const page = await live.channel(channel).history({ after: positions.get(channel)!, limit: 1000 })
    const newest = page.events.at(-1) as ShopEvent | undefined
    if (newest) return reached(channel, newest.id)
    // What was just appended is in the log a moment before it can be read through the server.
    if (offsetOf(page.position) < offsetOf(await live.channel(channel).last())) {
      await new Promise((resolve) => setImmediate(resolve))
      return catchUp(channel)
    }
    // A quiet channel's position moves on with the log, and so never becomes too old to read from.
    if (offsetOf(page.position) > offsetOf(positions.get(channel)!)) moveTo(channel, page.position)
  }

  async function follow(channel: FoldedChannel): Promise<void> {
    const { signal } = closing
    try {
      for await (const event of live.channel(channel).events({ after: positions.get(channel)!, signal })) {
        take(event as ShopEvent)
      }
    } catch (error) {
      if (!signal.aborted) onFail(error)
    }
  }

  for (const channel of foldedChannels) {
    moveTo(channel, await readAll(live, channel, take))
    void follow(channel)
    await catchUp(channel)
  }

  return {
    get state() {
      return state
    },
    position: (channel) => positions.get(channel)!,
    reached,
    catchUp,
    order: (key) => keys.get(key),
    onEvent: (fn) => void listeners.push(fn),
    close: () => closing.abort(),
  }
}

/** Folds all that the log holds of a channel; answers where it stands then. */
async function readAll(
  live: Live,
  channel: FoldedChannel,
  take: (event: ShopEvent) => void,
): Promise<string> {
  let after = 'earliest'
  for (;;) {
    const page = await live.channel(channel).history({ after, limit: 1000 })
    for (const event of page.events) take(event as ShopEvent)
    if (!page.more) return page.position
    after = page.position
  }
}
