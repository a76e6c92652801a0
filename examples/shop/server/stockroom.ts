import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import { decideOn } from './decide.ts'
import type { Live } from './live.ts'

/** Delivers the opening stock, once in the life of a log: again when the log has lost everything. */
export async function openStockroom(live: Live, book: Book): Promise<void> {
  for (const { sku, opening } of catalogue.values()) {
    await decideOn(live, book, 'stock', () =>
      book.state.pieces[sku]?.delivered ? undefined : { event: 'delivery', data: { sku, quantity: opening } },
    )
  }
}

/** Takes the pieces of every order off the shelf, in the order of the orders. */
export async function takeFromShelf(live: Live, book: Book): Promise<void> {
  const next = () => {
    const order = book.state.untaken[0]
    if (!order) return undefined
    const { id, sku, quantity } = order
    return { event: 'taken', data: { sku, quantity, order: id } } as const
  }
  while (await decideOn(live, book, 'stock', next));
}

/** Tells the operators of each threshold that the shelf crossed, in the order of `stock`. */
export async function tellAlerts(live: Live, book: Book): Promise<void> {
  const next = () => {
    const due = book.state.untold[0]
    if (!due) return undefined
    const { kind, ...data } = due
    return { event: kind, data }
  }
  while (await decideOn(live, book, 'alerts', next));
}
