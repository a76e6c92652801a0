import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import { decideOn } from './decide.ts'
import type { Live } from './live.ts'
import { onShelf } from './shelf.ts'

/** Brings in pieces by hand: an operator's own delivery. `key` makes the same one happen once. */
export async function deliver(live: Live, book: Book, sku: string, quantity: number, key: string) {
  const { id } = await live.channel('stock').publish('delivery', { sku, quantity }, { key })
  await book.reached('stock', id!)
}

/**
 * Brings in what is due: a product that has been low for `afterMs` is filled up to its opening stock. Not what is one
 * of a kind. Since when it is low says the state, so a delivery comes once and when it is due, whichever shop on the
 * log is open then.
 */
export async function bringInWhatIsDue(live: Live, book: Book, afterMs: number): Promise<void> {
  for (const { sku, single, opening } of catalogue.values()) {
    if (single) continue
    await decideOn(live, book, 'stock', () => {
      const since = book.state.lowSince[sku]
      if (since === undefined || since + afterMs > Date.now()) return undefined
      return { event: 'delivery', data: { sku, quantity: opening - Math.max(onShelf(book.state, sku), 0) } }
    })
  }
}
