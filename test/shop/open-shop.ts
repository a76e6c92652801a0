import { type ChannelLog, createServer, type FairleadServer } from 'fairlead'
import { type Book, openBook } from '../../examples/shop/server/book.ts'
import { channels, type ShopChannels } from '../../examples/shop/server/channels.ts'
import { createOrders } from '../../examples/shop/server/orders.ts'
import { openStockroom, takeFromShelf, tellAlerts } from '../../examples/shop/server/stockroom.ts'
import { afterEachChange } from '../../examples/shop/server/work.ts'

/** A shop without a network: its log, its state and its counter. */
export interface QuietShop extends AsyncDisposable {
  readonly live: FairleadServer<ShopChannels>
  readonly book: Book
  readonly orders: ReturnType<typeof createOrders>
  /** Leaves the log and forgets the state, as a process that ends. The log stays. */
  leave(): void
}

/** Opens a shop on a log of its own, or on that of another shop's process. */
export async function openQuietShop(other?: Pick<QuietShop, 'live'>): Promise<QuietShop> {
  return openOn(other?.live ?? createServer({ channels, dev: true }), other === undefined)
}

/** Opens a shop as a server of its own on a log. */
export async function openQuietShopOn(log: ChannelLog): Promise<QuietShop> {
  return openOn(createServer({ channels, dev: true, log }), true)
}

async function openOn(live: QuietShop['live'], own: boolean): Promise<QuietShop> {
  const failures: unknown[] = []
  const onFail = (error: unknown) => void failures.push(error)
  const book = await openBook(live, onFail)
  const closing = new AbortController()
  await openStockroom(live, book)
  for (const work of [openStockroom, takeFromShelf, tellAlerts]) {
    afterEachChange(book, () => work(live, book), { signal: closing.signal, onFail })
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
      if (own) await live.close()
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Resolves when `holds` does, looked at after each change of the shop; rejects after 10 s. */
export function until(book: Book, holds: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (holds()) return resolve()
    const deadline = setTimeout(() => reject(new Error(`This never came true: ${holds}`)), 10_000)
    book.onChange(() => {
      if (!holds()) return
      clearTimeout(deadline)
      resolve()
    })
  })
}
