import { catalogue } from './catalogue.ts'
import type { StockAlert } from './channels.ts'
import { offsetOf } from './live.ts'
import type { ShopEvent, ShopState } from './state.ts'

export type AlertKind = 'low_stock' | 'sold_out' | 'back_in_stock'

/** An alert that follows from the stock and that the operators have not been told. */
export type DueAlert = StockAlert & { readonly kind: AlertKind }

/** The pieces of one product, counted from the first day. */
export interface Pieces {
  readonly delivered: number
  /** Sold: decided on `orders`. What is left to sell is `delivered - ordered`. */
  readonly ordered: number
  /** Gone from the shelf, as told on `stock`. What a page shows is `delivered - taken`. */
  readonly taken: number
}

/** The part of the state that follows from the pieces. */
export interface Shelf {
  readonly pieces: Readonly<Record<string, Pieces>>
  /** Since when a product is low, by the clock of the shop that told it: a delivery is due some time after. */
  readonly lowSince: Readonly<Record<string, number>>
  /** The alerts to be told, in the order of `stock`. */
  readonly untold: readonly DueAlert[]
}

/** What can still be sold of a product. */
export function leftToSell({ pieces }: Shelf, sku: string): number {
  const own = pieces[sku]
  return own ? own.delivered - own.ordered : 0
}

/** What stands on the shelf, as `stock` tells it: a moment behind the orders. */
export function onShelf({ pieces }: Pick<Shelf, 'pieces'>, sku: string): number {
  const own = pieces[sku]
  return own ? own.delivered - own.taken : 0
}

/** The pieces of a product, and some more of it. */
export function countPieces(pieces: Shelf['pieces'], sku: string, more: Partial<Pieces>): Shelf['pieces'] {
  const { delivered, ordered, taken } = pieces[sku] ?? { delivered: 0, ordered: 0, taken: 0 }
  const counted = {
    delivered: delivered + (more.delivered ?? 0),
    ordered: ordered + (more.ordered ?? 0),
    taken: taken + (more.taken ?? 0),
  }
  return { ...pieces, [sku]: counted }
}

/** The shelf after pieces came or went. What crosses a threshold there is an alert of this one event. */
export function foldShelf(state: ShopState, event: Extract<ShopEvent, { channel: 'stock' }>): Shelf {
  const { sku, quantity } = event.data
  const more = event.event === 'delivery' ? { delivered: quantity } : { taken: quantity }
  const pieces = countPieces(state.pieces, sku, more)
  const product = catalogue.get(sku)
  if (!product) return { ...state, pieces }

  const before = state.pieces[sku]?.delivered ? onShelf(state, sku) : undefined
  const left = onShelf({ pieces }, sku)
  const kind = alertFor(product.low, before, left)
  const due = kind && offsetOf(event.id) > state.toldUpTo
  return {
    pieces,
    lowSince: foldLow(state.lowSince, sku, left <= product.low, event.time),
    untold: due ? [...state.untold, { kind, sku, name: product.name, left, cause: event.id }] : state.untold,
  }
}

function foldLow(lowSince: Shelf['lowSince'], sku: string, low: boolean, time: number): Shelf['lowSince'] {
  if (low) return { ...lowSince, [sku]: lowSince[sku] ?? time }
  const { [sku]: _, ...others } = lowSince
  return others
}

/**
 * What to tell when a product's pieces went from `before` to `left`: something only where a threshold was crossed.
 * `before` is `undefined` for the opening delivery, which is no news.
 */
function alertFor(low: number, before: number | undefined, left: number): AlertKind | undefined {
  if (before === undefined) return undefined
  if (left <= 0) return before > 0 ? 'sold_out' : undefined
  if (left <= low) return before > low ? 'low_stock' : undefined
  return before <= low ? 'back_in_stock' : undefined
}
