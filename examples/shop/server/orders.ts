import type { Book } from './book.ts'
import { catalogue, type Product } from './catalogue.ts'
import { decideOn } from './decide.ts'
import type { Live } from './live.ts'
import { leftToSell } from './shelf.ts'
import type { Order } from './state.ts'

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

/** Refusals that a delivery or another server's news may have overtaken. */
const ofStock: readonly RefusalCode[] = ['sold_out', 'not_enough']

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

/** How long a buyer waits behind others before being asked to come again, in milliseconds. */
const patienceMs = 10_000

/**
 * Places orders, one after the other. An order is decided on the state as it is and appended only if no other order
 * came since, so the last piece is sold once, also by several shops on one log.
 */
export function createOrders(live: Live, book: Book): { place(request: OrderRequest): Promise<Placed> } {
  let queue: Promise<unknown> = Promise.resolve()

  async function decide(request: OrderRequest, until: number): Promise<Placed> {
    const placed = await decideOn(live, book, 'orders', () => {
      const before = book.order(request.key)
      if (before) return assertSame(before, request)
      const product = choose(book, request)
      if (Date.now() > until) throw tooBusy()
      return { event: 'new_order', data: write(request, product, book.state.orderCount + 1) }
    })
    return { order: book.order(request.key)!, repeated: !placed }
  }

  /** What reached this server may be less than the log holds: on that alone nobody is refused. */
  async function decideTwice(request: OrderRequest, until: number): Promise<Placed> {
    try {
      return await decide(request, until)
    } catch (error) {
      if (!(error instanceof OrderRefused) || !ofStock.includes(error.code)) throw error
      await Promise.all([book.catchUp('stock'), book.catchUp('orders')])
      return decide(request, until)
    }
  }

  return {
    place(request) {
      const until = Date.now() + patienceMs
      const placed = queue.then(() => decideTwice(request, until))
      queue = placed.catch(() => {})
      return placed
    },
  }
}

function tooBusy(): OrderRefused {
  return new OrderRefused('too_busy', 'Too many orders at once. Nothing was ordered; try again.')
}

function choose(book: Book, { sku, quantity }: OrderRequest): Product {
  const product = catalogue.get(sku)
  if (!product) throw new OrderRefused('unknown_product', 'The shop has no such product.')
  // A shop whose log began anew has not opened yet.
  if (!book.state.pieces[sku]?.delivered) throw tooBusy()
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

/** Nothing is to be appended for an order that was placed before. */
function assertSame(order: Order, { sku, quantity }: OrderRequest): undefined {
  if (order.sku === sku && order.quantity === quantity) return undefined
  throw new OrderRefused('key_reused', `The key stands for order ${order.id}, which was for something else.`)
}
