import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import type { Live } from './live.ts'
import { onShelf } from './state.ts'

/** Brings in pieces by hand: an operator's own delivery. `key` makes the same one happen once. */
export async function deliver(live: Live, book: Book, sku: string, quantity: number, key: string) {
  const { id } = await live.channel('stock').publish('delivery', { sku, quantity }, { key })
  await book.reached('stock', id!)
}

/**
 * Orders what runs low anew: `afterMs` later it is filled up to its opening stock. Not what is one of a kind. Answers
 * what stops it.
 */
export function startSupplier(live: Live, book: Book, afterMs: number): () => void {
  const onTheWay = new Map<string, NodeJS.Timeout>()

  async function arrive(sku: string): Promise<void> {
    onTheWay.delete(sku)
    const quantity = catalogue.get(sku)!.opening - Math.max(onShelf(book.state, sku), 0)
    await deliver(live, book, sku, quantity, crypto.randomUUID())
  }

  function check(sku: string): void {
    const product = catalogue.get(sku)
    if (!product || product.single || onTheWay.has(sku)) return
    if (onShelf(book.state, sku) > product.low) return
    onTheWay.set(
      sku,
      setTimeout(() => void arrive(sku), afterMs),
    )
  }

  for (const sku of catalogue.keys()) check(sku)
  book.onEvent((event) => {
    if (event.event === 'taken') check(event.data.sku)
  })
  return () => {
    for (const timer of onTheWay.values()) clearTimeout(timer)
  }
}
