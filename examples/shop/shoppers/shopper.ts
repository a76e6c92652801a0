import { setTimeout as wait } from 'node:timers/promises'
import type { Tally } from './tally.ts'

/** What one shopper needs. */
export interface ShopperOptions {
  /** The shop, without a slash at the end. */
  readonly url: string
  readonly random: () => number
  /** The mean time between two orders, in milliseconds. */
  readonly everyMs: number
  readonly tally: Tally
  readonly signal: AbortSignal
}

interface Offer {
  readonly sku: string
  readonly cents: number
}

/** How often an order is sent a second time, as a page does whose answer was lost. */
const sentTwice = 0.03

/** Shops until the signal: looks at the catalogue, thinks, orders, and does not take no answer for an answer. */
export async function shop(options: ShopperOptions): Promise<void> {
  const { random, everyMs, signal, tally } = options
  const session = await enter(options)
  const offers = await look(options)
  while (!signal.aborted) {
    // Orders of many people who do not know each other come at exponential distances.
    await pause(-Math.log(1 - random()) * everyMs, signal)
    if (signal.aborted) return
    const offer = offers[Math.floor(random() * offers.length)]!
    const quantity = 1 + Math.floor(random() ** 3 * 3)
    const order = { sku: offer.sku, quantity, key: key(random) }
    const status = await place(options, order, session)
    if (status === 201) {
      tally.placed += 1
      tally.pieces += quantity
      tally.cents += quantity * offer.cents
    } else if (status === 409) tally.soldOut += 1
    else if (status !== undefined) tally.failed += 1
    if (status === 201 && random() < sentTwice && (await place(options, order, session)) === 200)
      tally.repeated += 1
  }
}

/** Comes in: what a browser would do with the cookie that a shop in earnest gives to each customer. */
async function enter(options: ShopperOptions): Promise<Record<string, string>> {
  const response = await ask(options, '/api/me')
  await response?.arrayBuffer()
  const cookie = response?.headers.getSetCookie()[0]?.split(';')[0]
  return cookie === undefined ? {} : { cookie, origin: options.url }
}

/** The catalogue, cheap things more often than dear ones. */
async function look(options: ShopperOptions): Promise<Offer[]> {
  const response = await ask(options, '/api/catalogue')
  if (!response) return []
  const { products } = (await response.json()) as { products: Offer[] }
  return products.flatMap((offer) => Array<Offer>(Math.max(1, Math.round(6000 / offer.cents))).fill(offer))
}

async function place(
  options: ShopperOptions,
  order: object,
  session: Record<string, string>,
): Promise<number | undefined> {
  const response = await ask(options, '/api/orders', {
    method: 'POST',
    headers: { ...session, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  await response?.arrayBuffer()
  return response?.status
}

/** Asks until the shop answers. `undefined`: the signal came first. */
async function ask(
  { url, signal, tally }: ShopperOptions,
  path: string,
  init: RequestInit = {},
): Promise<Response | undefined> {
  while (!signal.aborted) {
    try {
      const response = await fetch(url + path, { ...init, signal })
      if (response.status < 500) return response
      await response.arrayBuffer()
    } catch {}
    if (signal.aborted) return undefined
    tally.unreached += 1
    await pause(500, signal)
  }
  return undefined
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return wait(ms, undefined, { signal }).catch(() => {})
}

function key(random: () => number): string {
  return Array.from({ length: 4 }, () => Math.floor(random() * 36 ** 4).toString(36)).join('-')
}
