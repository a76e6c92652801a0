import { createServer } from 'fairlead'
import { describe, expect, it, vi } from 'vitest'
import { openBook } from '../../examples/shop/server/book.ts'
import { catalogue } from '../../examples/shop/server/catalogue.ts'
import { channels } from '../../examples/shop/server/channels.ts'
import { onShelf } from '../../examples/shop/server/shelf.ts'
import { snapshotTaker } from '../../examples/shop/server/snapshots.ts'
import { openQuietShopOn, type QuietShop, until } from './open-shop.ts'
import { SharedLog } from './shared-log.ts'

async function sell(shop: QuietShop, count: number, name: string): Promise<void> {
  const before = shop.book.state.takenUpTo
  for (let i = 0; i < count; i++) {
    await shop.orders.place({ sku: 'bow-shackle', quantity: 1, key: `${name}-${i}` })
  }
  await until(shop.book, () => shop.book.state.takenUpTo === before + count)
}

/** An hour later. */
async function takeSnapshot(...shops: QuietShop[]): Promise<void> {
  const hour = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 61 * 60_000)
  await Promise.all(shops.map(({ live, book }) => snapshotTaker(live, book)()))
  hour.mockRestore()
}

describe('a shop whose log lets go of old events', () => {
  it('knows everything by its newest snapshot and what came after it', async () => {
    const log = new SharedLog({ events: 80 })
    await using first = await openQuietShopOn(log.open())
    await first.live.channel('mutes').publish('mute', { sku: 'fender', muted: true })
    await sell(first, 30, 'early')
    await takeSnapshot(first)
    await sell(first, 35, 'late')
    first.leave()

    await using second = await openQuietShopOn(log.open())
    const [epoch] = second.book.position('orders').split('.')
    const { reset } = await second.live.channel('orders').history({ after: `${epoch}.0` })
    expect(reset).toMatchObject([{ reason: 'trimmed' }])
    expect(second.book.state).toEqual(first.book.state)
    expect(onShelf(second.book.state, 'bow-shackle')).toBe(120 - 65)
    expect(second.book.state.muted).toEqual(['fender'])
    const again = { sku: 'bow-shackle', quantity: 1, key: 'late-0' }
    expect(await second.orders.place(again)).toMatchObject({ repeated: true, order: { id: 31 } })
    await sell(second, 1, 'next')
    expect(second.book.state.orderCount).toBe(66)
  })

  it('knows the buyers of an hour before the snapshot', async () => {
    const log = new SharedLog()
    await using first = await openQuietShopOn(log.open())
    await sell(first, 100, 'early')
    await takeSnapshot(first)
    await using second = await openQuietShopOn(log.open())
    const again = { sku: 'bow-shackle', quantity: 1, key: 'early-0' }
    expect(await second.orders.place(again)).toMatchObject({ repeated: true, order: { id: 1 } })
    expect(second.book.state.orderCount).toBe(100)
  })

  it('does not open when events are gone that no snapshot holds, and says so', async () => {
    const log = new SharedLog({ events: 40 })
    await using first = await openQuietShopOn(log.open())
    await sell(first, 40, 'early')
    await expect(openQuietShopOn(log.open())).rejects.toThrow(/closed for longer than its log keeps events/)
  })

  it('does not begin anew when all is gone', async () => {
    const log = new SharedLog({ events: 5 })
    await using first = await openQuietShopOn(log.open())
    for (const { sku } of catalogue.values())
      await first.live.channel('mutes').publish('mute', { sku, muted: true })
    await expect(openQuietShopOn(log.open())).rejects.toThrow(/closed for longer than its log keeps events/)
  })
})

describe('a snapshot', () => {
  it('is taken by one of several shops, when the one before it is an hour old', async () => {
    const log = new SharedLog()
    await using first = await openQuietShopOn(log.open())
    await using second = await openQuietShopOn(log.open())
    const count = async () => (await first.live.channel('snapshots').history()).events.length
    await Promise.all([first, second].map(({ live, book }) => snapshotTaker(live, book)()))
    expect(await count()).toBe(1)
    await takeSnapshot(first, second)
    expect(await count()).toBe(2)
  })
})

describe('the state', () => {
  it('is read from a channel of any length, and caught up with one that went on', async () => {
    const log = new SharedLog()
    await using live = createServer({ channels, dev: true, log: log.open() })
    const open = () => openBook(live, (error) => expect.fail(String(error)))
    const deliver = () => live.channel('stock').publish('delivery', { sku: 'fender', quantity: 1 })
    const first = await open()
    for (let i = 0; i < 2_500; i++) await deliver()
    const second = await open()
    expect(onShelf(second.state, 'fender')).toBe(2_500)
    for (let i = 0; i < 2_500; i++) await deliver()
    for (const book of [first, second]) {
      await book.catchUp('stock')
      expect(onShelf(book.state, 'fender')).toBe(5_000)
      book.close()
    }
  })
})
