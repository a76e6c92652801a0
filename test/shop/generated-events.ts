import fc from 'fast-check'
import type { ShopEvent } from '../../examples/shop/server/state.ts'

export { fc }

/** An order of the log. */
export function order(id: number, sku: string, quantity: number, total = quantity * 10, time = 0): ShopEvent {
  const data = { id, sku, name: sku, quantity, total, key: `key-${id}` }
  return { channel: 'orders', event: 'new_order', data, id: `e.${id}`, time }
}

/** A delivery of the log. */
export function delivery(sku: string, quantity: number): ShopEvent {
  return { channel: 'stock', event: 'delivery', data: { sku, quantity }, id: 'e.1', time: 0 }
}

/** Pieces of an order that left the shelf. */
export function taken(sku: string, quantity: number, orderId: number): ShopEvent {
  return { channel: 'stock', event: 'taken', data: { sku, quantity, order: orderId }, id: 'e.1', time: 0 }
}

const sku = fc.constantFrom('line-8', 'compass', 'sextant')
const quantity = fc.integer({ min: 1, max: 20 })

/** Any history of the shop: orders numbered as the shop does, and everything else in any order. */
export const anyShopEvents: fc.Arbitrary<ShopEvent[]> = fc
  .array(
    fc.oneof(
      fc.tuple(sku, quantity).map(([s, q]) => delivery(s, q)),
      fc.tuple(sku, quantity).map(([s, q]) => taken(s, q, 1)),
      fc
        .tuple(sku, quantity, fc.integer({ min: 0, max: 3_000_000 }))
        .map(([s, q, t]) => order(0, s, q, q * 7.2, t)),
      fc.tuple(sku, fc.boolean()).map(
        ([s, muted]): ShopEvent => ({
          channel: 'mutes',
          event: 'mute',
          data: { sku: s, muted },
          id: 'e.1',
          time: 0,
        }),
      ),
      fc.tuple(fc.nat(50), fc.nat(3_000_000)).map(
        ([online, time]): ShopEvent => ({
          channel: 'visitors',
          event: 'count',
          data: { online },
          id: 'e.1',
          time,
        }),
      ),
    ),
    { maxLength: 60 },
  )
  .map((events) => {
    let count = 0
    return events.map((event) =>
      event.event === 'new_order' ? { ...event, data: { ...event.data, id: ++count } } : event,
    )
  })
