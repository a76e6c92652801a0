import { type Client, connect } from 'fairlead/client'
import { seededRandom } from '../../src/testing/clock.ts'
import { type Haproxy, startHaproxy } from '../proxy/haproxy.ts'
import { get, type ShopProcess, startShop } from '../shop/shop-process.ts'
import { needs } from '../support/needs.ts'
import { startRedis } from '../support/redis-server.ts'
import type { CrashOptions, CrashRow } from './row.ts'
import { deliver, eventually, order, orderCount } from './shop-sale.ts'

const sku = 'bow-shackle'
/** Orders before a server is killed, and after. */
const ordersEach = 10
const transports = ['sse', 'websocket', 'long-poll'] as const
/** Dashboards that are opened at most until both servers have one of each kind of stream. */
const mostDashboards = 8

/** What a dashboard has seen of the orders: the shop numbers them without leaving one out. */
interface Dashboard {
  readonly transport: string
  readonly client: Client
  last: number
  missing: number
  twice: number
  resets: number
}

interface Shops {
  readonly log: string
  readonly servers: ShopProcess[]
  readonly proxy: Haproxy
  readonly dashboards: Dashboard[]
  readonly random: () => number
}

/** Dashboards and buyers behind one address, and no stickiness. */
export const row: CrashRow = {
  id: 'shop-haproxy',
  fault: 'two servers of the shop on Redis behind HAProxy, round robin; one is killed while orders come in',
  promise: 'every dashboard, on each transport, goes on with nothing missing and nothing twice',
  cycles: { short: 1, full: 8 },
  missing() {
    if (!needs('redis')) return 'redis-server is not installed'
    return needs('haproxy') ? undefined : 'haproxy is not installed'
  },
  async run(options) {
    const redis = await startRedis()
    const servers: ShopProcess[] = []
    const dashboards: Dashboard[] = []
    let proxy: Haproxy | undefined
    try {
      servers.push(...(await Promise.all([startShop({ log: redis.url }), startShop({ log: redis.url })])))
      const ports = servers.map(({ port }) => port)
      proxy = await startHaproxy(needs('haproxy')!, ports)
      const random = seededRandom(options.seed)
      return await killInTurn({ log: redis.url, servers, proxy, dashboards, random }, options)
    } finally {
      for (const { client } of dashboards) client.close()
      await proxy?.stop()
      await Promise.all(servers.map((server) => server.kill()))
      await redis.stop()
    }
  },
}

async function killInTurn(shops: Shops, { cycles, onProgress }: CrashOptions) {
  const { proxy, dashboards, servers } = shops
  await eventually('HAProxy has a server', async () => (await orderCount(proxy.url)) === 0)
  await deliver(proxy.url, sku, 1000)
  await openDashboards(shops)
  for (let cycle = 1; cycle <= cycles; cycle++) {
    await place(shops)
    const victim = cycle % 2
    const { port } = servers[victim]!
    const killing = servers[victim]!.kill()
    await Promise.all([killing, place(shops)])
    await allSeen(shops)
    onProgress(
      `server ${victim + 1} killed: order ${dashboards[0]!.last} is on ${dashboards.length} dashboards`,
    )
    if (cycle < cycles) servers[victim] = await startShop({ port, log: shops.log })
  }
  return report(shops, cycles)
}

/** Opens dashboards through the proxy until each server has an SSE stream and a WebSocket. */
async function openDashboards({ proxy, servers, dashboards }: Shops): Promise<void> {
  const enough = async () => {
    const names = await Promise.all(servers.map(({ url }) => streamsOf(url)))
    return names.every((each) => each.some((name) => name.startsWith('sse')) && each.includes('websocket'))
  }
  while (dashboards.length < 2 * transports.length || !(await enough())) {
    if (dashboards.length > mostDashboards * transports.length)
      throw new Error('One server gets every stream.')
    for (const transport of transports) dashboards.push(openDashboard(proxy.url, transport))
    await eventually('the dashboards are open', () =>
      dashboards.every(({ client }) => client.state.phase === 'open'),
    )
  }
}

function openDashboard(url: string, transport: (typeof transports)[number]): Dashboard {
  const client = connect(`${url}/live`, { transport })
  const dashboard: Dashboard = { transport, client, last: -1, missing: 0, twice: 0, resets: 0 }
  const orders = client.channel('orders', {
    load: () => get<{ position: string; count: number }>(`${url}/api/dashboard/orders`),
  })
  orders.onLoad(({ count }) => {
    dashboard.last = count
  })
  orders.onReset(() => {
    dashboard.resets += 1
  })
  orders.on('new_order', (data) => {
    const { id } = data as { id: number }
    if (id <= dashboard.last) dashboard.twice += 1
    else dashboard.missing += id - dashboard.last - 1
    dashboard.last = Math.max(dashboard.last, id)
  })
  return dashboard
}

/** Which kinds of streams a server has. */
async function streamsOf(url: string): Promise<string[]> {
  return Object.keys((await get<{ connections: object }>(`${url}/live/_status`)).connections)
}

/** Orders one after the other; each may reach another server. */
async function place({ proxy, random }: Shops): Promise<void> {
  for (let i = 0; i < ordersEach; i++) {
    const { order: number } = await order([proxy.url], sku, `${Math.floor(random() * 1e15)}`)
    if (number === undefined) throw new Error('An order was refused though there are pieces.')
  }
}

async function allSeen({ proxy, dashboards }: Shops): Promise<void> {
  const count = await orderCount(proxy.url)
  await eventually(`all dashboards show order ${count}`, () =>
    dashboards.every(({ last }) => last === count),
  ).catch((error: Error) => {
    const late = dashboards.filter(({ last }) => last !== count)
    const named = late.map(({ transport, last, client }) => `${transport} ${last} ${client.state.phase}`)
    throw new Error(`${error.message} (${named.join(', ')})`)
  })
}

function report({ dashboards }: Shops, cycles: number) {
  const sum = (name: 'missing' | 'twice' | 'resets') =>
    dashboards.reduce((total, dashboard) => total + dashboard[name], 0)
  const counts = {
    killed: cycles,
    dashboards: dashboards.length,
    orders: dashboards[0]!.last,
    missing: sum('missing'),
    twice: sum('twice'),
    resets: sum('resets'),
  }
  const faults = (['missing', 'twice', 'resets'] as const)
    .filter((name) => counts[name] > 0)
    .map((name) => `${counts[name]} orders or channels: ${name}`)
  return { counts, faults }
}
