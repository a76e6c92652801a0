import { seededRandom } from '../../src/testing/clock.ts'
import { type ShopProcess, startShop } from '../shop/shop-process.ts'
import { startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { startRedis } from '../support/redis-server.ts'
import type { CrashOptions, CrashRow } from './row.ts'
import { type Buyer, deliver, eventually, order, orderCount, shelfCount } from './shop-sale.ts'

const sku = 'line-8'
const pieces = 100
const buyers = 200

/** Two servers of the shop on one log. */
interface TwoShops {
  readonly log: string
  readonly servers: ShopProcess[]
  readonly random: () => number
  readonly onProgress: (line: string) => void
}

interface Tally {
  sales: number
  killed: number
  buyers: number
  orders: number
  refused: number
  oversold: number
  slowestMs: number
}

/** The shop's sale: more buyers than pieces, on two servers at once. */
export const row: CrashRow = {
  id: 'shop-buyers',
  fault:
    '200 buyers for 100 pieces at two servers of the shop, on Redis and on NATS; one is killed in every second sale',
  promise: 'exactly 100 orders, and an answer for each buyer',
  cycles: { short: 1, full: 10 },
  missing() {
    if (!needs('redis')) return 'redis-server is not installed'
    return needs('nats') ? undefined : 'nats-server is not installed'
  },
  async run(options) {
    const tally: Tally = { sales: 0, killed: 0, buyers: 0, orders: 0, refused: 0, oversold: 0, slowestMs: 0 }
    const faults: string[] = []
    const starts = { Redis: startRedis, NATS: startNats }
    await Promise.all(
      Object.entries(starts).map(async ([name, start]) => {
        const place = await start()
        try {
          await sellOn(name, place.url, options, tally, faults)
        } catch (error) {
          faults.push(`${name}: ${error instanceof Error ? error.message : error}`)
        } finally {
          await place.stop()
        }
      }),
    )
    return { counts: { ...tally }, faults }
  },
}

async function sellOn(
  name: string,
  log: string,
  { seed, cycles, onProgress }: CrashOptions,
  tally: Tally,
  faults: string[],
): Promise<void> {
  const servers = await Promise.all([startShop({ log }), startShop({ log })])
  const shops: TwoShops = {
    log,
    servers,
    random: seededRandom(seed),
    onProgress: (line) => onProgress(`${name}: ${line}`),
  }
  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      for (const fault of await sell(shops, cycle, tally)) faults.push(`${name}, sale ${cycle}: ${fault}`)
    }
  } finally {
    await Promise.all(servers.map((server) => server.kill()))
  }
}

/** One sale. Answers what did not hold. */
async function sell(shops: TwoShops, cycle: number, tally: Tally): Promise<string[]> {
  const urls = () => shops.servers.map(({ url }) => url)
  await deliver(urls()[0]!, sku, pieces - (await shelfCount(urls()[0]!, sku)))
  const before = await orderCount(urls()[1]!)
  const victim = cycle % 2 === 0 ? Math.floor(shops.random() * 2) : undefined
  const done = await rush(shops, cycle, victim, tally)
  if (victim !== undefined) {
    shops.servers[victim] = await startShop({ log: shops.log })
    tally.killed += 1
  }
  for (const url of urls())
    await eventually('the shelf is empty', async () => (await shelfCount(url, sku)) === 0)

  const counts = await Promise.all(urls().map(orderCount))
  const numbers = done.flatMap((buyer) => (buyer.order === undefined ? [] : [buyer.order]))
  tally.sales += 1
  tally.buyers += done.length
  tally.orders += counts[0]! - before
  tally.refused += done.length - numbers.length
  tally.oversold += Math.max(0, counts[0]! - before - pieces)
  shops.onProgress(`sale ${cycle}: ${numbers.length} orders, ${done.length - numbers.length} sold out`)
  return judge(before, counts, numbers)
}

/** All buyers at once, each at either server; some click twice, and then at both. */
async function rush(
  shops: TwoShops,
  cycle: number,
  victim: number | undefined,
  tally: Tally,
): Promise<Buyer[]> {
  const urls = shops.servers.map(({ url }) => url)
  const killAfter = Math.floor(shops.random() * buyers)
  const began = performance.now()
  let answered = 0
  const buy = async (key: string, first: number) => {
    const buyer = await order([urls[first]!, urls[1 - first]!], sku, key)
    answered += 1
    tally.slowestMs = Math.max(tally.slowestMs, Math.round(performance.now() - began))
    if (answered === killAfter && victim !== undefined) await shops.servers[victim]!.kill()
    return buyer
  }
  const all = Array.from({ length: buyers }, async (_, i) => {
    const key = `sale-${cycle}-buyer-${i}`
    const first = shops.random() < 0.5 ? 0 : 1
    const clicks = shops.random() < 0.2 ? [first, 1 - first] : [first]
    const answers = await Promise.all(clicks.map((at) => buy(key, at)))
    const orders = new Set(answers.map((answer) => answer.order))
    if (orders.size > 1) throw new Error(`Buyer ${key} was given two answers: ${[...orders].join(' and ')}.`)
    return answers[0]!
  })
  return Promise.all(all)
}

function judge(before: number, counts: readonly number[], numbers: readonly number[]): string[] {
  const faults: string[] = []
  for (const count of counts) {
    if (count !== before + pieces) faults.push(`${count - before} orders stand in the log, not ${pieces}`)
  }
  const expected = Array.from({ length: pieces }, (_, i) => before + 1 + i)
  const told = numbers.toSorted((a, b) => a - b)
  if (told.join() !== expected.join()) {
    faults.push(`${told.length} buyers were told of ${new Set(told).size} orders, not of ${pieces}`)
  }
  return faults
}
