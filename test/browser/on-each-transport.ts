import { expect } from 'vitest'
import type { TransportName } from '../../src/client/index.ts'
import { ClientPage, followOrders } from './client-page.ts'
import { counter, cutPoints, upTo } from './numbered.ts'
import type { Site } from './site.ts'
import { type BrowserCase, seen } from './stage.ts'

const transports: readonly TransportName[] = ['sse', 'websocket', 'long-poll']

/** What a channel holds, as the application sees it. */
async function kept(site: Site, channel: string) {
  const { events } = await site.fairlead.channel(channel).history({ limit: 1000 })
  return events
}

/** What the client does over every transport alike. */
export const onEachTransport = transports.flatMap((transport): BrowserCase[] => [
  {
    name: `over ${transport}: each event once and in order, each send done once and in order, through ten cuts`,
    async run(stage) {
      const site = await stage.site()
      const { line, client } = await followOrders(stage, transport, site)
      const publish = counter(site)
      let sent = 0
      for (const [index, bytes] of cutPoints.entries()) {
        const last = await publish(3)
        expect(await client.numbers('orders', last)).toEqual(upTo(last))
        const cut = line.cutAfter(bytes, index % 2 === 0 ? 'reset' : 'end')
        await client.send(
          'chat',
          'numbered',
          [1, 2, 3].map((n) => ({ n: sent + n })),
        )
        sent += 3
        await publish(5)
        await cut
        await publish(3)
      }
      const last = await publish(1)
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
      expect(await client.numbers('chat', sent)).toEqual(upTo(sent))
      const chat = await kept(site, 'chat')
      expect(chat.map(({ data }) => data)).toEqual(upTo(sent).map((n) => ({ n })))
      expect((await client.answers()).map(({ id }) => id)).toEqual(chat.map(({ id }) => id))
      expect((await client.heard()).filter(({ event }) => event === '$reset')).toEqual([])
    },
  },
  {
    name: `over ${transport}: the first cut before the first event loses nothing`,
    async run(stage) {
      const site = await stage.site()
      const { line, client } = await followOrders(stage, transport, site)
      line.cut('reset')
      const last = await counter(site)(3)
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    name: `over ${transport}: a server that was killed and lost its log resets the page, which goes on by its load`,
    async run(stage) {
      let total = 0
      const state = async (fairlead: Site['fairlead']) => ({
        position: await fairlead.channel('orders').position(),
        total,
      })
      const site = await stage.site({ dev: true }, { state })
      const publish = async () => {
        total++
        await site.fairlead.channel('orders').publish('total', total)
      }
      const page = await stage.open(`${site.url}/client`)
      await page.evaluate(fold, transport)
      const shows = (count: number) =>
        seen(
          () => page.evaluate(() => window.totals),
          (totals) => totals.at(-1) === count,
          `the total ${count}`,
        )
      await shows(0)
      await publish()
      await publish()
      await shows(2)
      await site.kill()
      // Sold while no page could hear of it.
      total += 10
      await site.start()
      await shows(12)
      await publish()
      expect(await shows(13)).toEqual([0, 1, 2, 12, 13])
      expect(await page.evaluate(() => window.resets)).toEqual(['epoch'])
    },
  },
  {
    name: `over ${transport}: a server that drains is come back to, with nothing lost`,
    async run(stage) {
      const log = stage.lastingLog()
      const site = await stage.site(() => ({ dev: true, log: log.open() }))
      const { client } = await followOrders(stage, transport, site)
      const publish = counter(site)
      await client.numbers('orders', await publish(2))
      await site.drain()
      await site.start()
      const last = await publish(3)
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    name: `over ${transport}: a page that is put away has nothing open, and goes on where it was when it is shown`,
    async run(stage) {
      const site = await stage.site()
      const { client } = await followOrders(stage, transport, site)
      const publish = counter(site)
      await client.numbers('orders', await publish(2))
      await client.page.evaluate(() =>
        dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })),
      )
      await client.reaches(({ phase }) => phase === 'waiting', 'a client that waits')
      const last = await publish(3)
      await client.page.evaluate(() =>
        dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
      )
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    name: `over ${transport}: leaves a dead line at once when the browser says that the network is back`,
    async run(stage) {
      // At a real change the browser drops its idle connections itself; at this one, none must be there to be tried.
      const site = await stage.site({ dev: true }, { oneRequestEach: true })
      const { line, client } = await followOrders(stage, transport, site)
      const publish = counter(site)
      await client.numbers('orders', await publish(1))
      line.cut('silence')
      const last = await publish(3)
      await client.page.evaluate(() => dispatchEvent(new Event('online')))
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    name: `over ${transport}: crosses to another origin with its token, both ways`,
    async run(stage) {
      const pages = await stage.site()
      const site = await stage.site({
        origins: [pages.url],
        channels: { letters: { read: 'signed-in', send: 'signed-in' } },
        authenticate: ({ headers }) => (headers.authorization === 'Bearer anns' ? { id: 'ann' } : null),
      })
      const page = await stage.open(`${pages.url}/client`)
      const client = await ClientPage.open(
        page,
        ['letters'],
        { transport, token: 'anns' },
        `${site.url}/live`,
      )
      await client.send('letters', 'numbered', [{ n: 1 }])
      expect(await client.numbers('letters', 1)).toEqual([1])
      await client.reads(transport)
    },
  },
])

declare global {
  interface Window {
    totals: number[]
    resets: string[]
  }
}

/** Runs in the page: shows a total, which it loads, and which each event replaces. */
function fold(transport: TransportName): void {
  window.totals = []
  window.resets = []
  const load = async (signal: AbortSignal) => {
    const response = await fetch('/state', { signal })
    return (await response.json()) as { position: string; total: number }
  }
  const orders = window.connect('/live', { transport }).channel('orders', { load })
  orders.onLoad(({ total }) => window.totals.push(total))
  orders.onReset(({ reason }) => window.resets.push(reason))
  orders.on('total', (total) => window.totals.push(total as number))
}
