import { createServer, type FairleadServer } from 'fairlead'
import { type Book, openBook } from '../../examples/shop/server/book.ts'
import { channels, type ShopChannels } from '../../examples/shop/server/channels.ts'
import { createOrders } from '../../examples/shop/server/orders.ts'
import { openStockroom, takeFromShelf, watchShelf } from '../../examples/shop/server/stockroom.ts'

/** A shop without a network: its log, its state and its counter. */
export interface QuietShop extends AsyncDisposable {
  readonly live: FairleadServer<ShopChannels>
  readonly book: Book
  readonly orders: ReturnType<typeof createOrders>
  /** Leaves the log and forgets the state, as a process that ends. The log stays. */
  leave(): void
}

/** Opens a shop on a log of its own, or on that of another shop. */
export async function openQuietShop(other?: QuietShop): Promise<QuietShop> {
  const live = other?.live ?? createServer({ channels, dev: true })
  const failures: unknown[] = []
  const book = await openBook(live, (error) => failures.push(error))
  await openStockroom(live, book)
  const closing = new AbortController()
  for (const work of [takeFromShelf, watchShelf]) {
    work(live, book, closing.signal).catch((error: unknown) => failures.push(error))
  }
  const leave = () => {
    closing.abort()
    book.close()
  }
  return {
    live,
    book,
    orders: createOrders(live, book),
    leave,
    async [Symbol.asyncDispose]() {
      leave()
      if (!other) await live.close()
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Resolves when `holds` does, looked at after each event of the shop; rejects after 10 s. */
export function until(book: Book, holds: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (holds()) return resolve()
    const deadline = setTimeout(() => reject(new Error(`This never came true: ${holds}`)), 10_000)
    book.onEvent(() => {
      if (!holds()) return
      clearTimeout(deadline)
      resolve()
    })
  })
}
