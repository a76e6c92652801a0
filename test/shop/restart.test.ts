import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { startRedis } from '../support/redis-server.ts'
import { get, post, type ShopProcess, startShop } from './shop-process.ts'

/** A log that outlives the shop: its URL, and what ends it. */
interface Place {
  readonly url: string
  stop(): Promise<void>
}

const places: readonly { name: string; missing?: boolean; open: () => Promise<Place> }[] = [
  { name: 'LMDB', open: openFolder },
  { name: 'Redis', missing: !needs('redis'), open: startRedis },
  { name: 'NATS', missing: !needs('nats'), open: startNats },
]

for (const { name, missing = false, open } of places) {
  describe.skipIf(missing).concurrent(`a shop on ${name} that is killed and started again`, () => {
    it('knows its stock, orders, mutes and chats, and every buyer', { timeout: 60_000 }, async () => {
      const place = await open()
      try {
        await using first = await startShop({ log: place.url })
        await buy(first, 'compass', 10)
        await post(`${first.url}/api/mutes`, { sku: 'compass', muted: true })
        await post(`${first.url}/live/chat/room-of-a-customer?event=say`, {
          from: 'customer',
          text: 'Hello?',
        })
        await comes(() => shelf(first, 'compass'), 2)
        await comes(() => alerts(first), ['low_stock 3'])
        const before = await known(first)
        await first.kill()

        await using second = await startShop({ log: place.url })
        expect(await known(second)).toEqual(before)
        expect(await said(second)).toEqual(['Hello?'])
        const again = { sku: 'compass', quantity: 1, key: 'compass-3' }
        expect(await post(`${second.url}/api/orders`, again)).toMatchObject({
          status: 200,
          body: { order: { id: 4 } },
        })
        await buy(second, 'compass', 2, 'more')
        await comes(() => alerts(second), ['sold_out 0', 'low_stock 3'])
        expect((await known(second)).orders).toMatchObject({ count: 12 })
      } finally {
        await place.stop()
      }
    })
  })
}

describe.skipIf(!needs('redis')).concurrent('a shop whose Redis is killed and started again', () => {
  it.each([
    { kept: 'everything', aof: 'always' as const, number: 4, left: 8 },
    { kept: 'nothing', aof: 'off' as const, number: 1, left: 11 },
  ])(
    'stays open, and sells on from what was kept: $kept',
    { timeout: 60_000 },
    async ({ aof, number, left }) => {
      const redis = await startRedis({ aof })
      try {
        await using shop = await startShop({ log: redis.url })
        await buy(shop, 'compass', 3)
        await redis.restart()
        const order = { sku: 'compass', quantity: 1, key: 'after' }
        const placed = async () => {
          const { status, body } = await post(`${shop.url}/api/orders`, order)
          return status < 300 ? (body as { order: { id: number } }).order.id : status
        }
        await comes(placed, number)
        await comes(() => shelf(shop, 'compass'), left)
      } finally {
        await redis.stop()
      }
    },
  )
})

/** Resolves when what is asked for is this; rejects after 20 s. */
function comes<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  return vi.waitFor(async () => expect(await ask()).toEqual(wanted), { timeout: 20_000, interval: 100 })
}

async function openFolder(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-shop-'))
  return { url: `lmdb:${join(folder, 'log')}`, stop: () => rm(folder, { recursive: true, force: true }) }
}

interface Dashboard {
  readonly orders: { count: number }
  readonly stock: { products: { sku: string; left: number }[] }
  readonly alerts: { alerts: { kind: string; left: number }[] }
  readonly mutes: { muted: string[] }
  readonly support: { rooms: { room: string }[] }
}

const dashboard = ({ url }: ShopProcess) => get<Dashboard>(`${url}/api/dashboard`)

/** All that a dashboard shows, without what depends on when it is asked. */
async function known(shop: ShopProcess): Promise<Dashboard> {
  const { orders, stock, alerts, mutes, support } = await dashboard(shop)
  const parts = Object.entries({ orders, stock, alerts, mutes, support })
  return Object.fromEntries(
    parts.map(([name, part]) => [name, { ...part, position: undefined, now: undefined }]),
  ) as unknown as Dashboard
}

async function shelf(shop: ShopProcess, sku: string): Promise<number | undefined> {
  return (await dashboard(shop)).stock.products.find((product) => product.sku === sku)?.left
}

async function alerts(shop: ShopProcess): Promise<string[]> {
  return (await dashboard(shop)).alerts.alerts.map(({ kind, left }) => `${kind} ${left}`)
}

async function said({ url }: ShopProcess): Promise<string[]> {
  const history = await get<{ events: { data: { text: string } }[] }>(
    `${url}/live/chat/room-of-a-customer?after=earliest&limit=10`,
  )
  return history.events.map(({ data }) => data.text)
}

async function buy({ url }: ShopProcess, sku: string, orders: number, name = sku): Promise<void> {
  for (let i = 0; i < orders; i++) {
    const answer = await post(`${url}/api/orders`, { sku, quantity: 1, key: `${name}-${i}` })
    expect(answer).toMatchObject({ status: 201 })
  }
}
