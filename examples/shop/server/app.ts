import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'fairlead'
import { openBook } from './book.ts'
import { channels } from './channels.ts'
import { createHandler } from './http.ts'
import { openLines } from './lines.ts'
import { createOrders } from './orders.ts'
import { openStockroom, takeFromShelf, watchShelf } from './stockroom.ts'
import { startSupplier } from './supplier.ts'
import { countVisitors } from './visitors.ts'

/** How a shop is opened. */
export interface ShopOptions {
  /** 0 takes a free one. @default 3000 */
  readonly port?: number
  /** How long after a product ran low its delivery comes in; 0: never. @default 30 s */
  readonly restockMs?: number
  /** Told when the shop can no longer follow its log; it should be ended and started again. */
  readonly onFail?: (error: unknown) => void
}

/** A shop that is open. */
export interface Shop {
  readonly port: number
  /** Where it is, without a slash at the end. */
  readonly url: string
  /** Says goodbye to the pages and closes. */
  close(): Promise<void>
}

/** Opens the shop: its pages, its API, and Fairlead at /live, all on one port of this machine. */
export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const { port = 3000, restockMs = 30_000, onFail = () => {} } = options
  const live = createServer({ channels, dev: true })
  // Until the shop listens, nothing else keeps the process alive: Fairlead's own timers do not.
  const awake = setInterval(() => {}, 1000)
  const book = await openBook(live, onFail)
  await openStockroom(live, book)

  const closing = new AbortController()
  for (const work of [takeFromShelf, watchShelf]) {
    work(live, book, closing.signal).catch((error: unknown) => {
      if (!closing.signal.aborted) onFail(error)
    })
  }
  const stops = [countVisitors(live), ...(restockMs > 0 ? [startSupplier(live, book, restockMs)] : [])]

  const http = createHttpServer()
  live.attach(http)
  const orders = createOrders(live, book)
  const lines = openLines(http, live, (request, response) => void handle(request, response))
  const handle = createHandler({ live, book, orders, lines })
  await listen(http, port)
  clearInterval(awake)

  const bound = (http.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://localhost:${bound}`,
    async close() {
      for (const stop of stops) stop()
      closing.abort()
      book.close()
      const closed = new Promise((resolve) => http.close(resolve))
      await live.close()
      // The pages are told when to come back; whoever does not take it in a second is cut off.
      const patience = setTimeout(() => http.closeAllConnections(), 1000)
      await closed
      clearTimeout(patience)
    },
  }
}

function listen(http: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', () => {
      http.off('error', reject)
      resolve()
    })
  })
}
