import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import { Problem, readBody, readCount, readText, sendJson, sendProblem } from './json-http.ts'
import type { Lines } from './lines.ts'
import { isPassing, type Live } from './live.ts'
import { OrderRefused, type OrderRequest, type Placed, type RefusalCode } from './orders.ts'
import { onShelf } from './shelf.ts'
import { type FoldedChannel, foldedChannels } from './state.ts'
import { serveStatic } from './static-files.ts'
import { deliver } from './supplier.ts'
import { dashboard, viewOf } from './views.ts'

/** The parts that the shop's own API speaks to. */
export interface ShopParts {
  readonly live: Live
  readonly book: Book
  readonly orders: { place(request: OrderRequest): Promise<Placed> }
  readonly lines: Lines
}

type Route = (parts: ShopParts, body: Record<string, unknown>) => Promise<[status: number, answer: object]>

const statusOf: Readonly<Record<RefusalCode, number>> = {
  unknown_product: 404,
  sold_out: 409,
  not_enough: 409,
  key_reused: 422,
  too_busy: 503,
}

const routes: Readonly<Record<string, Route>> = {
  'GET /api/catalogue': async ({ book }) => [200, await viewOf(book, 'stock')],
  'GET /api/dashboard': async ({ book }) => [200, await dashboard(book)],
  'POST /api/orders': placeOrder,
  'POST /api/mutes': mute,
  'POST /api/deliveries': bringIn,
  'POST /api/cut': cut,
  ...Object.fromEntries(foldedChannels.map((name) => [`GET /api/dashboard/${name}`, dashboardPart(name)])),
}

/** The shop's request handler: its pages and its API. What is under Fairlead's base path never comes here. */
export function createHandler(parts: ShopParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?')[0]!
    if (serveStatic(path, request, response)) return
    try {
      checkHost(request)
      const route = routes[`${request.method} ${path}`]
      if (!route) throw new Problem(404, 'not_found', 'There is nothing at this address.')
      const body = request.method === 'POST' ? await readBody(request) : {}
      sendJson(response, ...(await route(parts, body)))
    } catch (error) {
      sendProblem(response, asProblem(error))
    }
  }
}

/** A page of another site can name this machine by a host of its own: only the machine's own names are answered. */
function checkHost({ headers }: IncomingMessage): void {
  if (/^(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(headers.host ?? '')) return
  throw new Problem(403, 'host_not_allowed', 'The shop answers to localhost.')
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof OrderRefused) {
    return new Problem(statusOf[error.code], error.code, error.message, { left: error.left })
  }
  if (isPassing(error)) {
    return new Problem(
      503,
      'unavailable',
      'The shop cannot reach its log. Send the same again, with the same key.',
    )
  }
  console.error(error)
  return new Problem(500, 'internal', 'The shop made a mistake.')
}

async function placeOrder({ orders }: ShopParts, body: Record<string, unknown>): ReturnType<Route> {
  const { order, repeated } = await orders.place({
    sku: readText(body, 'sku', 40),
    quantity: readCount(body, 'quantity', 1, 20),
    key: readText(body, 'key', 64),
  })
  return [repeated ? 200 : 201, { order, repeated }]
}

async function mute({ live, book }: ShopParts, body: Record<string, unknown>): ReturnType<Route> {
  const sku = readText(body, 'sku', 40)
  if (sku !== '*' && !catalogue.has(sku)) {
    throw new Problem(404, 'unknown_product', 'The shop has no such product.')
  }
  const { id } = await live.channel('mutes').publish('mute', { sku, muted: body.muted !== false })
  await book.reached('mutes', id!)
  return [200, { muted: book.state.muted }]
}

async function bringIn({ live, book }: ShopParts, body: Record<string, unknown>): ReturnType<Route> {
  const sku = readText(body, 'sku', 40)
  const product = catalogue.get(sku)
  if (!product) throw new Problem(404, 'unknown_product', 'The shop has no such product.')
  if (product.single) throw new Problem(409, 'one_of_a_kind', 'The supplier has no other.')
  await deliver(live, book, sku, readCount(body, 'quantity', 1, 1000), readText(body, 'key', 64))
  return [200, { sku, left: onShelf(book.state, sku) }]
}

async function cut({ lines }: ShopParts, body: Record<string, unknown>): ReturnType<Route> {
  const line = readText(body, 'line', 64)
  const seconds = readCount(body, 'seconds', 0, 120)
  return [200, { line, seconds, connections: await lines.cut(line, seconds * 1000) }]
}

function dashboardPart(channel: FoldedChannel): Route {
  return async ({ book }) => [200, await viewOf(book, channel)]
}
