import { describe, expect, it } from 'vitest'
import { leftToSell, onShelf } from '../../examples/shop/server/shelf.ts'
import { bringInWhatIsDue } from '../../examples/shop/server/supplier.ts'
import { countVisitors } from '../../examples/shop/server/visitors.ts'
import { FarLog } from '../log/far-log.ts'
import { openQuietShopOn, type QuietShop, until } from './open-shop.ts'
import { SharedLog } from './shared-log.ts'

const one = (key: string, sku: string) => ({ sku, quantity: 1, key })

/** A shop on a server of its own, to which the log is far. */
const openFar = (log: SharedLog, seed: number) => openQuietShopOn(new FarLog(log.open(), seed))

/** Places orders at all shops at once, and as often again as the log is out of reach. */
async function rush(shops: readonly QuietShop[], buyers: number, sku: string) {
  const all = await Promise.allSettled(
    Array.from({ length: buyers }, (_, i) => shops[i % shops.length]!.orders.place(one(`buyer-${i}`, sku))),
  )
  return {
    numbers: all.flatMap((each) => (each.status === 'fulfilled' ? [each.value.order.id] : [])),
    refusals: all.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : [])),
  }
}

describe('shops on servers of their own, on one log', () => {
  it('sell 100 pieces to 200 buyers with exactly 100 orders', async () => {
    const log = new SharedLog()
    await using first = await openFar(log, 1)
    await using second = await openFar(log, 2)
    await first.live.channel('stock').publish('delivery', { sku: 'line-8', quantity: 40 })
    const { numbers, refusals } = await rush([first, second], 200, 'line-8')
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(refusals).toEqual(Array(100).fill('sold_out'))
    for (const { book } of [first, second]) {
      await until(book, () => onShelf(book.state, 'line-8') === 0 && leftToSell(book.state, 'line-8') === 0)
      await until(book, () => book.state.alerts.length === 2)
      expect(book.state.alerts.map(({ kind }) => kind)).toEqual(['sold_out', 'low_stock'])
    }
    const { events } = await first.live.channel('stock').history({ limit: 1000 })
    expect(events.filter(({ event }) => event === 'taken')).toHaveLength(100)
    expect(events.filter(({ event }) => event === 'delivery')).toHaveLength(12 + 1)
  })

  it('know a buyer who is sent to the other one', async () => {
    const log = new SharedLog()
    await using first = await openFar(log, 3)
    await using second = await openFar(log, 4)
    expect(await first.orders.place(one('a', 'sextant'))).toMatchObject({ repeated: false })
    expect(await second.orders.place(one('a', 'sextant'))).toMatchObject({ repeated: true, order: { id: 1 } })
    await expect(second.orders.place(one('b', 'sextant'))).rejects.toMatchObject({ code: 'sold_out' })
  })

  it('do not refuse what another one has had delivered since', async () => {
    const log = new SharedLog()
    await using first = await openFar(log, 5)
    await using second = await openFar(log, 6)
    await rush([first], 12, 'compass')
    await second.book.catchUp('orders')
    await first.live.channel('stock').publish('delivery', { sku: 'compass', quantity: 1 })
    expect(await second.orders.place(one('late', 'compass'))).toMatchObject({ order: { id: 13 } })
  })

  it('bring in what is due once', async () => {
    const log = new SharedLog()
    await using first = await openFar(log, 7)
    await using second = await openFar(log, 8)
    await rush([first, second], 10, 'compass')
    for (const { book } of [first, second]) await until(book, () => onShelf(book.state, 'compass') === 2)
    await Promise.all([first, second].map(({ live, book }) => bringInWhatIsDue(live, book, 60_000)))
    expect(onShelf(first.book.state, 'compass')).toBe(2)
    await Promise.all([first, second].map(({ live, book }) => bringInWhatIsDue(live, book, 0)))
    await Promise.all([first, second].map(({ book }) => book.catchUp('stock')))
    expect(onShelf(first.book.state, 'compass')).toBe(12)
    expect(onShelf(second.book.state, 'compass')).toBe(12)
  })

  it('tell a number of visitors once', async () => {
    const log = new SharedLog()
    await using first = await openFar(log, 9)
    await using second = await openFar(log, 10)
    await Promise.all([first, second, first].map(({ live, book }) => countVisitors(live, book)))
    const { events } = await first.live.channel('visitors').history()
    expect(events.map(({ data }) => data.online)).toEqual([0])
  })
})

describe('a log that loses what it held', () => {
  it('leaves the shops with what it holds now: they begin anew, and sell on', async () => {
    const log = new SharedLog()
    await using first = await openQuietShopOn(log.open())
    await using second = await openQuietShopOn(log.open())
    await rush([first, second], 30, 'bow-shackle')
    await second.book.catchUp('orders')
    await log.lose()
    for (const { book } of [first, second]) {
      await until(book, () => book.state.orderCount === 0 && leftToSell(book.state, 'sextant') === 1)
    }
    const { numbers, refusals } = await rush([first, second], 3, 'sextant')
    expect([numbers, refusals]).toEqual([[1], ['sold_out', 'sold_out']])
  })
})
