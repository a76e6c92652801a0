import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Identity, isFairleadError } from 'fairlead'
import type { Access } from './access.ts'
import type { Book } from './book.ts'
import { catalogue } from './catalogue.ts'
import { Problem, readBody, readCount, readText, sendJson, sendProblem } from './json-http.ts'
import type { Lines } from './lines.ts'
import { isPassing, type Live } from './live.ts'
import { OrderRefused, type OrderRequest, type Placed, type RefusalCode } from './orders.ts'
import { customerOf, isOperator } from './people.ts'
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
  readonly access: Access
}

/** One request to the API. */
interface Asked {
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
  readonly who: Identity | null
}

type Route = (parts: ShopParts, asked: Asked) => Promise<[status: number, answer: object, cookie?: string]>

const statusOf: Readonly<Record<RefusalCode, number>> = {
  unknown_product: 404,
  sold_out: 409,
  not_enough: 409,
  key_reused: 422,
  too_busy: 503,
}

const routes: Readonly<Record<string, Route>> = {
  'GET /api/catalogue': async ({ book }) => [200, await viewOf(book, 'stock')],
  'GET /api/me': me,
  'POST /api/orders': byCustomers(placeOrder),
  'GET /api/operator': async ({ access }, { headers }) => [
    200,
    { required: access.secure, operator: (await access.signedIn(headers)) ?? null },
  ],
  'POST /api/operator': signIn,
  'DELETE /api/operator': async ({ access }) => [200, {}, access.signOut],
  'GET /api/dashboard': byOperators(async ({ book }) => [200, await dashboard(book)]),
  'POST /api/mutes': byOperators(mute),
  'POST /api/deliveries': byOperators(bringIn),
  'POST /api/cut': byOperators(cut),
  ...Object.fromEntries(
    foldedChannels.map((name) => [`GET /api/dashboard/${name}`, byOperators(dashboardPart(name))]),
  ),
}

/** The shop's request handler: its pages and its API. What is under Fairlead's base path never comes here. */
export function createHandler(parts: ShopParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?')[0]!
    if (serveStatic(path, request, response)) return
    try {
      checkHost(request)
      checkOrigin(request)
      // The dashboard asks below its own path, the only one that its cookie is sent to.
      const route = routes[`${request.method} ${path.replace(/^\/dashboard(?=\/api\/)/, '')}`]
      if (!route) throw new Problem(404, 'not_found', 'There is nothing at this address.')
      const who = await parts.access.identify(request.headers)
      const body = request.method === 'POST' ? await readBody(request) : {}
      sendJson(response, ...(await route(parts, { headers: request.headers, body, who })))
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

const badToken: readonly string[] = ['invalid_token', 'token_expired']

/** A page of another port or site can have a browser send its cookies here, but not under the shop's own Origin. */
function checkOrigin({ method, headers: { origin, host, cookie } }: IncomingMessage): void {
  if (method === 'GET' || method === 'HEAD') return
  const own = origin === undefined ? cookie === undefined : origin.replace(/^https?:\/\//, '') === host
  if (!own) throw new Problem(403, 'origin_not_allowed', 'Only the shop’s own pages may send this.')
}

/** Lets operators alone pass. Asked before the body's content is looked at. */
function byOperators(route: Route): Route {
  return (parts, asked) => {
    assertAllowed(asked.who, isOperator(asked.who))
    return route(parts, asked)
  }
}

/** Lets customers alone pass; in development mode everyone is one. */
function byCustomers(route: Route): Route {
  return (parts, asked) => {
    assertAllowed(asked.who, asked.who?.admin === true || customerOf(asked.who) !== undefined)
    return route(parts, asked)
  }
}

function assertAllowed(who: Identity | null, may: boolean): void {
  if (may) return
  throw who === null
    ? new Problem(401, 'auth_required', 'Say who you are: a cookie, or an operator’s token.')
    : new Problem(403, 'forbidden', 'This is not for you.')
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isFairleadError(error) && badToken.includes(error.code))
    return new Problem(401, error.code, error.message)
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

/** Who the page's reader is, as a customer: someone new, if nobody yet. */
async function me({ access }: ShopParts, { who }: Asked): ReturnType<Route> {
  const customer = customerOf(who)
  const { customer: newcomer, cookie } = (customer === undefined && access.admit()) || {}
  return [200, { customer: customer ?? newcomer ?? null }, cookie]
}

async function signIn({ access }: ShopParts, { body }: Asked): ReturnType<Route> {
  const { cookie, ...operator } = await access.signIn(readText(body, 'token', 4000))
  return [200, { required: true, operator }, cookie]
}

async function placeOrder({ live, orders }: ShopParts, { body, who }: Asked): ReturnType<Route> {
  const customer = customerOf(who)
  const key = readText(body, 'key', 64)
  const { order, repeated } = await orders.place({
    sku: readText(body, 'sku', 40),
    quantity: readCount(body, 'quantity', 1, 20),
    // A key is its customer's own: another one's must not show whose order it was.
    key: customer === undefined ? key : `${customer}.${key}`,
  })
  if (customer !== undefined) {
    const { id, name, quantity, total } = order
    // Before the answer: a buyer who gets none sends the order again, and this is made good.
    const options = { key: `order-${id}` }
    await live.channel(`bought/${customer}`).publish('bought', { id, name, quantity, total }, options)
  }
  return [repeated ? 200 : 201, { order: { ...order, key }, repeated }]
}

async function mute({ live, book }: ShopParts, { body }: Asked): ReturnType<Route> {
  const sku = readText(body, 'sku', 40)
  if (sku !== '*' && !catalogue.has(sku)) {
    throw new Problem(404, 'unknown_product', 'The shop has no such product.')
  }
  const { id } = await live.channel('mutes').publish('mute', { sku, muted: body.muted !== false })
  await book.reached('mutes', id!)
  return [200, { muted: book.state.muted }]
}

async function bringIn({ live, book }: ShopParts, { body }: Asked): ReturnType<Route> {
  const sku = readText(body, 'sku', 40)
  const product = catalogue.get(sku)
  if (!product) throw new Problem(404, 'unknown_product', 'The shop has no such product.')
  if (product.single) throw new Problem(409, 'one_of_a_kind', 'The supplier has no other.')
  await deliver(live, book, sku, readCount(body, 'quantity', 1, 1000), readText(body, 'key', 64))
  return [200, { sku, left: onShelf(book.state, sku) }]
}

async function cut({ lines }: ShopParts, { body }: Asked): ReturnType<Route> {
  const line = readText(body, 'line', 64)
  const seconds = readCount(body, 'seconds', 0, 120)
  return [200, { line, seconds, connections: await lines.cut(line, seconds * 1000) }]
}

function dashboardPart(channel: FoldedChannel): Route {
  return async ({ book }) => [200, await viewOf(book, channel)]
}
