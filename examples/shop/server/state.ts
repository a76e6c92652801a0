import { addOrder, keptMs, type Series } from '../public/parts/series.js'
import type { Delivery, Mute, OrderPlaced, Said, StockAlert, Taken, VisitorCount } from './channels.ts'
import { offsetOf } from './live.ts'
import { type AlertKind, countPieces, foldShelf, type Shelf } from './shelf.ts'

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

/**
 * The channels that the state is folded from, in the order in which they are read at the start: what was done before
 * what is to be done, so that the lists of what is to be done stay short.
 */
export const foldedChannels = ['alerts', 'stock', 'orders', 'mutes', 'visitors', 'support'] as const
export type FoldedChannel = (typeof foldedChannels)[number]

export type Order = OrderPlaced & { readonly time: number }
type Alert = StockAlert & { readonly kind: AlertKind; readonly id: string; readonly time: number }

/** A support chat as the operators' desk lists it. */
interface Room {
  readonly room: string
  readonly from: Said['from']
  /** How the newest line begins. */
  readonly text: string
  readonly time: number
}

/** All that the shop knows. It follows from the events alone: nothing else changes it. */
export interface ShopState extends Shelf {
  /** The number of the newest order; numbers start at 1 and leave none out. */
  readonly orderCount: number
  readonly revenueCents: number
  /** The newest orders, newest first. */
  readonly orders: readonly Order[]
  readonly series: Series
  /** The newest order whose pieces have left the shelf. */
  readonly takenUpTo: number
  /** The orders after that one, oldest first: to be done. */
  readonly untaken: readonly Order[]
  /** The newest alerts, newest first. */
  readonly alerts: readonly Alert[]
  /** The offset of the newest event of `stock` that an alert was told of. */
  readonly toldUpTo: number
  /** What operators are not told about: article numbers, or `*`. */
  readonly muted: readonly string[]
  /** Open storefront pages over the last quarter of an hour, oldest first. */
  readonly visitors: readonly { readonly time: number; readonly online: number }[]
  /** The chats, the one spoken in last first. */
  readonly rooms: readonly Room[]
}

const kept = { orders: 60, alerts: 40, rooms: 50, characters: 200 } as const

/** The shop before its first event. */
export const emptyShop: ShopState = {
  pieces: {},
  lowSince: {},
  untold: [],
  orderCount: 0,
  revenueCents: 0,
  orders: [],
  series: [],
  takenUpTo: 0,
  untaken: [],
  alerts: [],
  toldUpTo: 0,
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
      return { ...state, ...foldShelf(state, event) }
    case 'taken':
      return { ...state, ...foldShelf(state, event), ...foldTaken(state, event.data.order) }
    case 'low_stock':
    case 'sold_out':
    case 'back_in_stock':
      return foldAlert(state, { ...event.data, kind: event.event, id: event.id, time: event.time })
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

function foldOrder(state: ShopState, order: Order): ShopState {
  const cents = Math.round(order.total * 100)
  return {
    ...state,
    pieces: countPieces(state.pieces, order.sku, { ordered: order.quantity }),
    orderCount: order.id,
    revenueCents: state.revenueCents + cents,
    orders: [order, ...state.orders].slice(0, kept.orders),
    series: addOrder(state.series, order.time, cents),
    untaken: order.id > state.takenUpTo ? [...state.untaken, order] : state.untaken,
  }
}

function foldTaken({ untaken }: ShopState, order: number): Pick<ShopState, 'takenUpTo' | 'untaken'> {
  return { takenUpTo: order, untaken: untaken.filter(({ id }) => id > order) }
}

function foldAlert(state: ShopState, alert: Alert): ShopState {
  const toldUpTo = Math.max(state.toldUpTo, offsetOf(alert.cause))
  return {
    ...state,
    alerts: [alert, ...state.alerts].slice(0, kept.alerts),
    toldUpTo,
    untold: state.untold.filter(({ cause }) => offsetOf(cause) > toldUpTo),
  }
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
  return [{ room, from, text: text.slice(0, kept.characters), time }, ...others].slice(0, kept.rooms)
}
