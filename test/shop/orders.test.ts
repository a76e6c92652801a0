import { describe, expect, it } from 'vitest'
import { leftToSell, onShelf } from '../../examples/shop/server/shelf.ts'
import { openQuietShop, type QuietShop, until } from './open-shop.ts'

const one = (key: string, sku = 'sextant', quantity = 1) => ({ sku, quantity, key })

/** Places all at once; answers the order numbers and the refusals' codes. */
async function rush(shops: readonly QuietShop[], keys: readonly string[], sku: string) {
  const all = await Promise.allSettled(
    keys.map((key, i) => shops[i % shops.length]!.orders.place(one(key, sku))),
  )
  return {
    numbers: all.flatMap((each) => (each.status === 'fulfilled' ? [each.value.order.id] : [])),
    refusals: all.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : [])),
  }
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => `buyer-${i}`)

describe('placing an order', () => {
  it('sells the last piece to one of two buyers and refuses the other', async () => {
    await using shop = await openQuietShop()
    const { numbers, refusals } = await rush([shop], keys(2), 'sextant')
    expect(numbers).toEqual([1])
    expect(refusals).toEqual(['sold_out'])
    await expect(shop.orders.place(one('later'))).rejects.toMatchObject({ code: 'sold_out', left: 0 })
  })

  it('sells 100 pieces to 200 buyers with exactly 100 orders', async () => {
    await using shop = await openQuietShop()
    await shop.live.channel('stock').publish('delivery', { sku: 'line-8', quantity: 40 })
    await until(shop.book, () => leftToSell(shop.book.state, 'line-8') === 100)
    const { numbers, refusals } = await rush([shop], keys(200), 'line-8')
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(refusals).toEqual(Array(100).fill('sold_out'))
    await until(shop.book, () => onShelf(shop.book.state, 'line-8') === 0)
    expect((await shop.live.channel('orders').history({ limit: 1000 })).events).toHaveLength(100)
  })

  it('sells no piece twice by two shops on one log', async () => {
    await using shop = await openQuietShop()
    await using other = await openQuietShop(shop)
    const { numbers, refusals } = await rush([shop, other], keys(40), 'compass')
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(refusals).toEqual(Array(28).fill('sold_out'))
    await until(other.book, () => onShelf(other.book.state, 'compass') === 0)
    const { events } = await shop.live.channel('stock').history({ limit: 1000 })
    expect(events.filter((event) => event.event === 'taken')).toHaveLength(12)
  })

  it('is one order when it is sent twice, also at once, also when nothing is left since', async () => {
    await using shop = await openQuietShop()
    const [first, second] = await Promise.all([shop.orders.place(one('a')), shop.orders.place(one('a'))])
    expect(first).toMatchObject({ repeated: false, order: { id: 1 } })
    expect(second).toMatchObject({ repeated: true, order: { id: 1 } })
    expect(await shop.orders.place(one('a'))).toMatchObject({ repeated: true, order: { id: 1 } })
  })

  it('refuses a key that stands for another order', async () => {
    await using shop = await openQuietShop()
    await shop.orders.place(one('a'))
    await expect(shop.orders.place(one('a', 'line-8'))).rejects.toMatchObject({ code: 'key_reused' })
  })

  it('refuses more pieces than are left, and says how many there are', async () => {
    await using shop = await openQuietShop()
    const order = shop.orders.place(one('a', 'ship-bell', 19))
    await expect(order).rejects.toMatchObject({ code: 'not_enough', left: 18 })
    expect(shop.book.state.orderCount).toBe(0)
  })

  it('refuses what the shop does not have', async () => {
    await using shop = await openQuietShop()
    await expect(shop.orders.place(one('a', 'anchor'))).rejects.toMatchObject({ code: 'unknown_product' })
  })
})

describe('a shop that starts again on its log', () => {
  it('knows everything that it knew, and delivers and takes nothing twice', async () => {
    await using first = await openQuietShop()
    await rush([first], keys(30), 'oilskin')
    await first.live.channel('mutes').publish('mute', { sku: 'oilskin', muted: true })
    await until(first.book, () => first.book.state.takenUpTo === 20 && first.book.state.muted.length === 1)
    await until(first.book, () => first.book.state.alerts[0]?.kind === 'sold_out')
    const before = first.book.state
    first.leave()

    await using second = await openQuietShop(first)
    expect(second.book.state).toEqual(before)
    expect(await second.orders.place(one('buyer-3', 'oilskin'))).toMatchObject({ repeated: true })
    await second.orders.place(one('new', 'compass'))
    await until(second.book, () => second.book.state.takenUpTo === 21)
    expect(second.book.state.alerts).toEqual(before.alerts)
    expect(onShelf(second.book.state, 'compass')).toBe(11)
  })

  it('takes from the shelf what was ordered just before it ended', async () => {
    await using first = await openQuietShop()
    first.leave()
    const data = { id: 1, sku: 'compass', name: 'Compass', quantity: 2, total: 378, key: 'a' }
    await first.live.channel('orders').publish('new_order', data)

    await using second = await openQuietShop(first)
    expect(leftToSell(second.book.state, 'compass')).toBe(10)
    await until(second.book, () => onShelf(second.book.state, 'compass') === 10)
  })
})

describe('what the operators are told', () => {
  it('is each threshold once, as it is crossed', async () => {
    await using shop = await openQuietShop()
    await rush([shop], keys(12), 'compass')
    await until(shop.book, () => shop.book.state.alerts.length === 2)
    await shop.live.channel('stock').publish('delivery', { sku: 'compass', quantity: 2 })
    await shop.live.channel('stock').publish('delivery', { sku: 'compass', quantity: 10 })
    await until(shop.book, () => shop.book.state.alerts.length === 3)
    expect(shop.book.state.alerts.map(({ kind, left }) => [kind, left])).toEqual([
      ['back_in_stock', 12],
      ['sold_out', 0],
      ['low_stock', 3],
    ])
  })
})
