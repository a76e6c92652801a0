import { type ChannelDeclaration, defineChannels, event, FairleadError } from 'fairlead'
import { say } from './chat.ts'
import { isCustomer, isOperator } from './people.ts'
import type { Snapshot } from './snapshots.ts'

/** `new_order`: an order was placed. Numbers rise by one, so a reader can tell that none is missing. */
export interface OrderPlaced {
  id: number
  sku: string
  name: string
  quantity: number
  /** In euros, as a person reads it. */
  total: number
  /** The buyer's own key: the same order sent twice is one order. */
  key: string
}

/** `delivery`: pieces came in. */
export interface Delivery {
  sku: string
  quantity: number
}

/** `taken`: the pieces of an order left the shelf. */
export interface Taken {
  sku: string
  quantity: number
  order: number
}

/** `low_stock`, `sold_out`, `back_in_stock`: what the shelf looked like after `cause`, a position of `stock`. */
export interface StockAlert {
  sku: string
  name: string
  left: number
  cause: string
}

/** `mute`: an operator does not want to be told about a product (`*`: about any), or wants to again. */
export interface Mute {
  sku: string
  muted: boolean
}

/** `count`: how many storefront pages are open. */
export interface VisitorCount {
  online: number
}

/** `say`: one line of a support chat. */
export interface ChatLine {
  from: 'customer' | 'operator'
  text: string
}

/** `said`: a line was said in a room, told to the operators' desk. */
export interface Said extends ChatLine {
  room: string
}

/** `cut`: a page's line is cut until a time, in milliseconds; 0: it is whole again. */
export interface LineCut {
  line: string
  until: number
}

/** `bought`: an order of this customer's own. */
export interface Bought {
  id: number
  name: string
  quantity: number
  total: number
}

type OwnRule = Extract<ChannelDeclaration['read'], (...args: never[]) => unknown>

const operators: OwnRule = (who) => isOperator(who)
/** The customer that the channel is named after, and the operators. */
const ownAndOperators: OwnRule = (who, { params }) => isOperator(who) || isCustomer(who, params[0])

function publishedOnly(instead: string): () => never {
  return () => {
    throw new FairleadError('forbidden', instead)
  }
}

/**
 * Every channel of the shop. The rules hold with `npm start -- --secure`; without it the shop is in development mode,
 * where anyone on this machine may read, so what must not be sent by a page is refused by a handler.
 */
export const channels = defineChannels({
  orders: {
    read: operators,
    onSend: publishedOnly('Orders are placed by POST /api/orders.'),
    events: { new_order: event<OrderPlaced>() },
  },
  stock: {
    read: 'public',
    onSend: publishedOnly('Stock changes by orders and deliveries.'),
    events: { delivery: event<Delivery>(), taken: event<Taken>() },
  },
  alerts: {
    read: operators,
    onSend: publishedOnly('Alerts follow from the stock.'),
    events: {
      low_stock: event<StockAlert>(),
      sold_out: event<StockAlert>(),
      back_in_stock: event<StockAlert>(),
    },
  },
  mutes: {
    read: operators,
    onSend: publishedOnly('Alerts are muted by POST /api/mutes.'),
    events: { mute: event<Mute>() },
  },
  visitors: {
    read: 'public',
    presence: true,
    onSend: publishedOnly('Visitors are counted by the shop.'),
    events: { count: event<VisitorCount>() },
  },
  support: {
    read: operators,
    onSend: publishedOnly('Say it in chat/ROOM.'),
    events: { said: event<Said>() },
  },
  /** The shop's own: what its state is rebuilt from, with what came after. */
  snapshots: {
    onSend: publishedOnly('Snapshots are taken by the shop.'),
    retention: { count: 3 },
    events: { snapshot: event<Snapshot>() },
  },
  /** The shop's own: a page's connections may be on another server than the one that is told to cut them. */
  lines: {
    onSend: publishedOnly('Lines are cut by POST /api/cut.'),
    retention: { ageMs: 10 * 60_000 },
    events: { cut: event<LineCut>() },
  },
  /** A customer's room has the name of their session; in development mode who knows its long random name is in. */
  'chat/*': { read: ownAndOperators, send: ownAndOperators, onSend: say, events: { say: event<ChatLine>() } },
  /** What a customer has bought, for that customer's own pages. */
  'bought/*': {
    read: ownAndOperators,
    onSend: publishedOnly('Orders are placed by POST /api/orders.'),
    events: { bought: event<Bought>() },
  },
})

/** The channels as the compiler knows them. */
export type ShopChannels = typeof channels
