import { setTimeout as pause } from 'node:timers/promises'
import { get, post } from '../shop/shop-process.ts'

/** What became of one buyer. */
export interface Buyer {
  readonly key: string
  /** The order's number; `undefined`: sold out. */
  readonly order: number | undefined
}

/** A buyer who got no answer asks again this often, in milliseconds, and gives up after `patienceMs`. */
const againMs = 100
const patienceMs = 30_000

interface Answer {
  readonly order?: { readonly id: number }
  readonly code?: string
}

/**
 * Orders one piece, and takes no answer for none: asks again, with the same key, at the next of the addresses. Throws
 * on an answer that is no answer to a buyer.
 */
export async function order(urls: readonly string[], sku: string, key: string): Promise<Buyer> {
  const until = Date.now() + patienceMs
  for (let tried = 0; Date.now() < until; tried++) {
    const url = urls[tried % urls.length]!
    const answer = await post(`${url}/api/orders`, { sku, quantity: 1, key }).catch(() => undefined)
    if (answer && answer.status < 500) return buyerOf(key, answer.status, answer.body as Answer)
    await pause(againMs)
  }
  throw new Error(`Buyer ${key} got no answer within ${patienceMs} ms.`)
}

function buyerOf(key: string, status: number, { order, code }: Answer): Buyer {
  if ((status === 201 || status === 200) && order) return { key, order: order.id }
  if (status === 409 && code === 'sold_out') return { key, order: undefined }
  throw new Error(`Buyer ${key} was answered ${status} ${code}.`)
}

/** How many orders the shop at an address knows of. */
export async function orderCount(url: string): Promise<number> {
  return (await get<{ count: number }>(`${url}/api/dashboard/orders`)).count
}

/** How many pieces of a product stand on the shelf, as the shop at an address tells it. */
export async function shelfCount(url: string, sku: string): Promise<number> {
  const { products } = await get<{ products: { sku: string; left: number }[] }>(`${url}/api/catalogue`)
  return products.find((product) => product.sku === sku)!.left
}

/** Has pieces brought in. */
export async function deliver(url: string, sku: string, quantity: number): Promise<void> {
  const { status } = await post(`${url}/api/deliveries`, { sku, quantity, key: crypto.randomUUID() })
  if (status !== 200) throw new Error(`A delivery was answered ${status}.`)
}

/** Resolves when `holds` does; throws after 20 s. What it asks may be out of reach meanwhile. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + 20_000
  while (!(await Promise.resolve(holds()).catch(() => false))) {
    if (Date.now() > until) throw new Error(`This never came true: ${what}`)
    await pause(50)
  }
}
