import { describe, expect, it } from 'vitest'
import { keptMs, perMinute } from '../../examples/shop/public/parts/series.js'
import { leftToSell, onShelf } from '../../examples/shop/server/shelf.ts'
import { emptyShop, fold, type ShopEvent } from '../../examples/shop/server/state.ts'
import { anyShopEvents, delivery, fc, order, taken } from './generated-events.ts'

/** The event at another offset and time. */
const at = (offset: number, event: ShopEvent, time = 0): ShopEvent => ({ ...event, id: `e.${offset}`, time })

const told = (cause: string): ShopEvent => ({
  channel: 'alerts',
  event: 'low_stock',
  data: { sku: 'compass', name: 'Compass', left: 3, cause },
  id: 'e.9',
  time: 0,
})

const foldAll = (events: readonly ShopEvent[]) => events.reduce(fold, emptyShop)

describe('the state of the shop', () => {
  it('counts what is left to sell by the orders, and what is on the shelf by what was taken', () => {
    const state = foldAll([delivery('compass', 12), order(1, 'compass', 2), order(2, 'compass', 1)])
    expect(leftToSell(state, 'compass')).toBe(9)
    expect(onShelf(state, 'compass')).toBe(12)
    const later = fold(state, taken('compass', 2, 1))
    expect(leftToSell(later, 'compass')).toBe(9)
    expect(onShelf(later, 'compass')).toBe(10)
    expect(later.takenUpTo).toBe(1)
  })

  it('adds up revenue in cents, so that it is exact', () => {
    const orders = Array.from({ length: 1000 }, (_, i) => order(i + 1, 'bow-shackle', 1, 7.2))
    expect(foldAll([delivery('bow-shackle', 1000), ...orders]).revenueCents).toBe(720_000)
  })

  it('is the same whenever it is folded, and leaves the state it was given alone', () => {
    fc.assert(
      fc.property(anyShopEvents, (events) => {
        const halfway = foldAll(events.slice(0, events.length / 2))
        const kept = structuredClone(halfway)
        const whole = events.slice(events.length / 2).reduce(fold, halfway)
        expect(halfway).toEqual(kept)
        expect(whole).toEqual(foldAll(events))
      }),
    )
  })

  it('does not grow without end', () => {
    const orders = Array.from({ length: 5000 }, (_, i) => order(i + 1, 'line-8', 1, 18.5, i * 1000))
    const said = Array.from({ length: 200 }, (_, i) => ({
      channel: 'support' as const,
      event: 'said' as const,
      data: { room: `room-${i}`, from: 'customer' as const, text: 'Hello' },
      id: `e.${i + 1}`,
      time: i,
    }))
    const state = foldAll([...orders, ...said])
    expect(state.orders).toHaveLength(60)
    expect(state.orders[0]?.id).toBe(5000)
    expect(state.rooms).toHaveLength(50)
    expect(state.rooms[0]?.room).toBe('room-199')
    expect(state.series.length).toBeLessThanOrEqual(keptMs / 5_000 + 1)
    expect(state.orderCount).toBe(5000)
  })

  it('mutes and unmutes, each once', () => {
    const mute = (sku: string, muted: boolean): ShopEvent => ({
      channel: 'mutes',
      event: 'mute',
      data: { sku, muted },
      id: 'e.1',
      time: 0,
    })
    expect(foldAll([mute('compass', true), mute('*', true), mute('compass', true)]).muted).toEqual([
      '*',
      'compass',
    ])
    expect(foldAll([mute('compass', true), mute('compass', false)]).muted).toEqual([])
  })

  it('knows what is to be done, in whatever order the channels are read', () => {
    const placed = [order(1, 'compass', 1), order(2, 'compass', 3)]
    const shelved = [delivery('compass', 4), at(5, taken('compass', 1, 1))]
    for (const events of [
      [...placed, ...shelved],
      [...shelved, ...placed],
    ]) {
      const state = foldAll(events)
      expect(state.untaken.map(({ id }) => id)).toEqual([2])
      expect(state.untold).toMatchObject([{ kind: 'low_stock', left: 3, cause: 'e.5' }])
      expect(fold(state, told('e.5')).untold).toEqual([])
    }
    expect(foldAll([told('e.5'), ...shelved]).untold).toEqual([])
  })

  it('remembers since when a product is low, until it is not', () => {
    const low = foldAll([
      delivery('compass', 4),
      at(5, taken('compass', 1, 1), 1000),
      at(6, taken('compass', 1, 2), 2000),
    ])
    expect(low.lowSince).toEqual({ compass: 1000 })
    expect(fold(low, delivery('compass', 5)).lowSince).toEqual({})
  })

  it('ignores an event that it does not know', () => {
    const unknown = { ...delivery('compass', 1), event: 'counted_again' } as unknown as ShopEvent
    expect(fold(emptyShop, unknown)).toBe(emptyShop)
  })
})

describe('orders per minute', () => {
  it('is the sum of the minute before each slot', () => {
    const state = foldAll([order(1, 'line-8', 1, 18.5, 1_000), order(2, 'line-8', 1, 18.5, 58_000)])
    const { times, orders, cents } = perMinute(state.series, 60_000, 120_000)
    expect(times.at(-1)).toBe(60)
    expect(orders.at(-1)).toBe(1)
    expect(orders.at(-2)).toBe(2)
    expect(cents.at(-2)).toBe(3700)
    expect(orders.reduce((a, b) => a + b, 0)).toBe(12 + 2)
  })
})
