import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import { onShelf } from './shelf.ts'
import { type FoldedChannel, foldedChannels } from './state.ts'

/**
 * What a page starts from, one per channel: a position, and the state that holds everything up to it. The page goes on
 * after that position and misses nothing. Here the state holds nothing newer either, because a fold knows its own
 * position and both are read in one turn: so a page that counts need not look for what it has counted already.
 */
export async function viewOf(book: Book, channel: FoldedChannel) {
  await book.catchUp(channel)
  return { position: book.position(channel), now: Date.now(), ...parts[channel](book) }
}

/** Everything a dashboard shows, one part per channel. */
export async function dashboard(book: Book) {
  const views = foldedChannels.map(async (name) => [name, await viewOf(book, name)] as const)
  return Object.fromEntries(await Promise.all(views))
}

const parts = {
  orders: ({ state }: Book) => ({
    count: state.orderCount,
    revenueCents: state.revenueCents,
    orders: state.orders.map(({ key: _, ...order }) => order),
    series: state.series,
  }),
  stock: ({ state }: Book) => ({
    products: [...catalogue.values()].map((product) => ({ ...product, left: onShelf(state, product.sku) })),
  }),
  alerts: ({ state }: Book) => ({ alerts: state.alerts }),
  mutes: ({ state }: Book) => ({ muted: state.muted }),
  visitors: ({ state }: Book) => ({ visitors: state.visitors }),
  support: ({ state }: Book) => ({ rooms: state.rooms }),
}
