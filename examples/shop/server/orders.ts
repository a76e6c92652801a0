import { isFairleadError } from 'fairlead/protocol'
import type { Book } from './book.ts'
import { catalogue, type Product } from './catalogue.ts'
import type { Live } from './live.ts'
import { leftToSell, type Order } from './state.ts'

/** What a buyer wants. `key` is the buyer's own: sent again with the same key it is the same order. */
export interface OrderRequest {
  readonly sku: string
  /** 1 to 20 pieces. */
  readonly quantity: number
  readonly key: string
}

/** An order that was placed; `repeated` says that it had been placed before. */
export interface Placed {
  readonly order: Order
  readonly repeated: boolean
}

export type RefusalCode = 'unknown_product' | 'sold_out' | 'not_enough' | 'key_reused' | 'too_busy'

/** Why an order was not placed. `left` is what could still be sold when it was decided. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused'
  readonly code: RefusalCode
  readonly left: number

  constructor(code: RefusalCode, message: string, left = 0) {
    super(message)
    this.code = code
    this.left = left
  }
}

/** Tries against other shops on the same log before a buyer is asked to come again. */
const tries = 50

/**
 * Places orders, one after the other. An order is decided on the state as it is and appended only if no other order
 * came since (`after`), so the last piece is sold once, also by two shops on one log.
 */
export function createOrders(live: Live, book: Book): { place(request: OrderRequest): Promise<Placed> } {
  let queue: Promise<unknown> = Promise.resolve()

  async function decide(request: OrderRequest): Promise<Placed> {
    for (let i = 0; i < tries; i++) {
      const before = book.order(request.key)
      if (before) return repeat(before, request)
      const product = choose(book, request)
      const seen = book.position('orders')
      try {
        const { id } = await live
          .channel('orders')
          .publish('new_order', write(request, product, book.state.orderCount + 1), { after: seen })
        await book.reached('orders', id!)
        return { order: book.order(request.key)!, repeated: false }
      } catch (error) {
        if (!isFairleadError(error) || error.code !== 'conflict') throw error
        await book.catchUp('orders')
      }
    }
    throw new OrderRefused('too_busy', 'Too many orders at once. Nothing was ordered; try again.')
  }

  return {
    place(request) {
      const placed = queue.then(() => decide(request))
      queue = placed.catch(() => {})
      return placed
    },
  }
}

function choose(book: Book, { sku, quantity }: OrderRequest): Product {
  const product = catalogue.get(sku)
  if (!product) throw new OrderRefused('unknown_product', 'The shop has no such product.')
  const left = leftToSell(book.state, sku)
  if (left === 0) throw new OrderRefused('sold_out', `${product.name} is sold out. Nothing was ordered.`)
  if (left < quantity) {
    throw new OrderRefused('not_enough', `Only ${left} of ${product.name} left. Nothing was ordered.`, left)
  }
  return product
}

function write({ sku, quantity, key }: OrderRequest, { name, cents }: Product, id: number) {
  return { id, sku, name, quantity, total: (cents * quantity) / 100, key }
}

function repeat(order: Order, { sku, quantity }: OrderRequest): Placed {
  if (order.sku === sku && order.quantity === quantity) return { order, repeated: true }
  throw new OrderRefused('key_reused', `The key stands for order ${order.id}, which was for something else.`)
}
