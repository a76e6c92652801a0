import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import type { StockAlert } from './channels.ts'
import type { Live } from './live.ts'
import { offsetOf } from './live.ts'
import type { AlertKind } from './state.ts'

/** Delivers the opening stock, once in the life of a log. */
export async function openStockroom(live: Live, book: Book): Promise<void> {
  for (const { sku, opening } of catalogue.values()) {
    if (book.state.pieces[sku]?.delivered) continue
    const { id } = await live
      .channel('stock')
      .publish('delivery', { sku, quantity: opening }, { key: `opening-${sku}` })
    await book.reached('stock', id!)
  }
}

/**
 * Takes the pieces of every order off the shelf. The log is the to-do list: after a restart it goes on at the first
 * order that was not told on `stock` yet, and the key makes two shops tell it once.
 */
export async function takeFromShelf(live: Live, book: Book, signal: AbortSignal): Promise<void> {
  for await (const { data } of live.channel('orders').events({ after: 'earliest', signal })) {
    const { id: order, sku, quantity } = data
    if (order <= book.state.takenUpTo) continue
    const { id } = await live
      .channel('stock')
      .publish('taken', { sku, quantity, order }, { key: `order-${order}` })
    await book.reached('stock', id!)
  }
}

/**
 * Tells the operators what the shelf looks like. It counts the pieces itself, in the order of `stock`, because an
 * alert belongs to one event and not to whatever the state is by then.
 */
export async function watchShelf(live: Live, book: Book, signal: AbortSignal): Promise<void> {
  const shelf = new Map<string, number>()
  const told = book.state.alerts[0] ? offsetOf(book.state.alerts[0].cause) : 0
  for await (const event of live.channel('stock').events({ after: 'earliest', signal })) {
    const { sku, quantity } = event.data
    const product = catalogue.get(sku)
    const before = shelf.get(sku)
    const left = (before ?? 0) + (event.event === 'delivery' ? quantity : -quantity)
    shelf.set(sku, left)
    const kind = alertFor(product?.low ?? 0, before, left)
    const cause = event.id!
    if (!product || !kind || offsetOf(cause) <= told) continue
    const alert: StockAlert = { sku, name: product.name, left, cause }
    await live.channel('alerts').publish(kind, alert, { key: `alert-${offsetOf(cause)}` })
  }
}

/**
 * What to tell when a product's pieces went from `before` to `left`: something only where a threshold was crossed.
 * `before` is `undefined` for the opening delivery, which is no news.
 */
function alertFor(low: number, before: number | undefined, left: number): AlertKind | undefined {
  if (before === undefined) return undefined
  if (left <= 0) return before > 0 ? 'sold_out' : undefined
  if (left <= low) return before > low ? 'low_stock' : undefined
  return before <= low ? 'back_in_stock' : undefined
}
