import { addOrder, keptMs, type Series } from '../public/parts/series.js'
import type { Delivery, Mute, OrderPlaced, Said, StockAlert, Taken, VisitorCount } from './channels.ts'

interface Recorded<Channel extends string, Name extends string, Data> {
  readonly channel: Channel
  readonly event: Name
  readonly data: Data
  /** The event's position. */
  readonly id: string
  /** The appending server's clock, in milliseconds. */
  readonly time: number
}

/** Every event that the shop's state follows from. */
export type ShopEvent =
  | Recorded<'orders', 'new_order', OrderPlaced>
  | Recorded<'stock', 'delivery', Delivery>
  | Recorded<'stock', 'taken', Taken>
  | Recorded<'alerts', AlertKind, StockAlert>
  | Recorded<'mutes', 'mute', Mute>
  | Recorded<'visitors', 'count', VisitorCount>
  | Recorded<'support', 'said', Said>

/** The channels that the state is folded from. */
export const foldedChannels = ['orders', 'stock', 'alerts', 'mutes', 'visitors', 'support'] as const
export type FoldedChannel = (typeof foldedChannels)[number]

export type AlertKind = 'low_stock' | 'sold_out' | 'back_in_stock'

/** The pieces of one product, counted from the first day. */
interface Pieces {
  readonly delivered: number
  /** Sold: decided on `orders`. What is left to sell is `delivered - ordered`. */
  readonly ordered: number
  /** Gone from the shelf, as told on `stock`. What a page shows is `delivered - taken`. */
  readonly taken: number
}

export type Order = OrderPlaced & { readonly time: number }
type Alert = StockAlert & { readonly kind: AlertKind; readonly id: string; readonly time: number }

/** A support chat as the operators' desk lists it. */
interface Room {
  readonly room: string
  readonly from: Said['from']
  readonly text: string
  readonly time: number
}

/** All that the shop knows. It follows from the events alone: nothing else changes it. */
export interface ShopState {
  readonly pieces: Readonly<Record<string, Pieces>>
  /** The number of the newest order; numbers start at 1 and leave none out. */
  readonly orderCount: number
  readonly revenueCents: number
  /** The newest orders, newest first. */
  readonly orders: readonly Order[]
  readonly series: Series
  /** The newest order whose pieces have left the shelf. */
  readonly takenUpTo: number
  /** The newest alerts, newest first. */
  readonly alerts: readonly Alert[]
  /** What operators are not told about: article numbers, or `*`. */
  readonly muted: readonly string[]
  /** Open storefront pages over the last quarter of an hour, oldest first. */
  readonly visitors: readonly { readonly time: number; readonly online: number }[]
  /** The chats, the one spoken in last first. */
  readonly rooms: readonly Room[]
}

const kept = { orders: 60, alerts: 40, rooms: 50 } as const

/** The shop before its first event. */
export const emptyShop: ShopState = {
  pieces: {},
  orderCount: 0,
  revenueCents: 0,
  orders: [],
  series: [],
  takenUpTo: 0,
  alerts: [],
  muted: [],
  visitors: [],
  rooms: [],
}

/** The state after one more event. Pure: the same events in the same order give the same shop, on any server. */
export function fold(state: ShopState, event: ShopEvent): ShopState {
  switch (event.event) {
    case 'new_order':
      return foldOrder(state, { ...event.data, time: event.time })
    case 'delivery':
      return count(state, event.data.sku, { delivered: event.data.quantity })
    case 'taken':
      return {
        ...count(state, event.data.sku, { taken: event.data.quantity }),
        takenUpTo: event.data.order,
      }
    case 'low_stock':
    case 'sold_out':
    case 'back_in_stock': {
      const alert = { ...event.data, kind: event.event, id: event.id, time: event.time }
      return { ...state, alerts: [alert, ...state.alerts].slice(0, kept.alerts) }
    }
    case 'mute':
      return { ...state, muted: foldMute(state.muted, event.data) }
    case 'count':
      return { ...state, visitors: foldCount(state.visitors, event.time, event.data.online) }
    case 'said':
      return { ...state, rooms: foldSaid(state.rooms, event.data, event.time) }
    default:
      return state
  }
}

/** What can still be sold of a product. */
export function leftToSell(state: ShopState, sku: string): number {
  const pieces = state.pieces[sku]
  return pieces ? pieces.delivered - pieces.ordered : 0
}

/** What stands on the shelf, as `stock` tells it: a moment behind the orders. */
export function onShelf(state: ShopState, sku: string): number {
  const pieces = state.pieces[sku]
  return pieces ? pieces.delivered - pieces.taken : 0
}

function foldOrder(state: ShopState, order: Order): ShopState {
  const cents = Math.round(order.total * 100)
  return {
    ...count(state, order.sku, { ordered: order.quantity }),
    orderCount: order.id,
    revenueCents: state.revenueCents + cents,
    orders: [order, ...state.orders].slice(0, kept.orders),
    series: addOrder(state.series, order.time, cents),
  }
}

function count(state: ShopState, sku: string, more: Partial<Pieces>): ShopState {
  const { delivered, ordered, taken } = state.pieces[sku] ?? { delivered: 0, ordered: 0, taken: 0 }
  const pieces = {
    delivered: delivered + (more.delivered ?? 0),
    ordered: ordered + (more.ordered ?? 0),
    taken: taken + (more.taken ?? 0),
  }
  return { ...state, pieces: { ...state.pieces, [sku]: pieces } }
}

function foldMute(muted: readonly string[], { sku, muted: on }: Mute): readonly string[] {
  const others = muted.filter((other) => other !== sku)
  return on ? [...others, sku] : others
}

function foldCount(visitors: ShopState['visitors'], time: number, online: number): ShopState['visitors'] {
  const firstKept = visitors.findLastIndex((sample) => sample.time < time - keptMs)
  // The sample before the window stays: it is the count that the window begins with.
  return [...visitors.slice(Math.max(firstKept, 0)), { time, online }]
}

function foldSaid(rooms: readonly Room[], { room, from, text }: Said, time: number): readonly Room[] {
  const others = rooms.filter((other) => other.room !== room)
  return [{ room, from, text, time }, ...others].slice(0, kept.rooms)
}
