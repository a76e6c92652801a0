import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'fairlead'
import { type Access, openAccess } from './access.ts'
import { openBook } from './book.ts'
import { channels } from './channels.ts'
import { createHandler } from './http.ts'
import { openLines } from './lines.ts'
import type { Live } from './live.ts'
import { openLog } from './log.ts'
import { createOrders } from './orders.ts'
import { snapshotTaker } from './snapshots.ts'
import { openStockroom, takeFromShelf, tellAlerts } from './stockroom.ts'
import { bringInWhatIsDue } from './supplier.ts'
import { countVisitors } from './visitors.ts'
import { afterEachChange, regularly, type WorkOptions } from './work.ts'

/** How a shop is opened. */
export interface ShopOptions {
  /** 0 takes a free one. @default 3000 */
  readonly port?: number
  /** Where its events are kept. Several shops on one log are one shop. @default 'memory' */
  readonly log?: string
  /** How long after a product ran low its delivery comes in; 0: never. @default 30 s */
  readonly restockMs?: number
  /** Who may come in. @default openAccess: development mode */
  readonly access?: Access
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
  const { port = 3000, log = 'memory', restockMs = 30_000, access = openAccess, onFail = () => {} } = options
  const live = createServer({ channels, ...access.options, ...(await openLog(log)) })
  // Until the shop listens, nothing else keeps the process alive: Fairlead's own timers do not.
  const awake = setInterval(() => {}, 1000)
  const closing = new AbortController()
  const book = await openWork(live, restockMs, { signal: closing.signal, onFail }).catch(async (error) => {
    clearInterval(awake)
    await live.close()
    throw error
  })

  const http = createHttpServer()
  live.attach(http)
  const orders = createOrders(live, book)
  const lines = openLines(http, live, (request, response) => void handle(request, response))
  const handle = createHandler({ live, book, orders, lines, access })
  regularly(1000, () => lines.follow(closing.signal), { signal: closing.signal, onFail })
  await listen(http, port)
  clearInterval(awake)

  const bound = (http.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://localhost:${bound}`,
    async close() {
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

/** Opens the books and begins everything that the shop does by itself. */
async function openWork(live: Live, restockMs: number, options: WorkOptions) {
  const book = await openBook(live, options.onFail)
  await openStockroom(live, book)
  afterEachChange(book, () => openStockroom(live, book), options)
  afterEachChange(book, () => takeFromShelf(live, book), options)
  afterEachChange(book, () => tellAlerts(live, book), options)
  regularly(3000, () => countVisitors(live, book), options)
  if (restockMs > 0) regularly(1000, () => bringInWhatIsDue(live, book, restockMs), options)
  regularly(60_000, snapshotTaker(live, book), options)
  return book
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
