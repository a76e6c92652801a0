import { expect } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { NativeEventSource, sawAll } from './event-source.ts'
import type { Line } from './line.ts'
import { counter, cutPoints } from './numbered.ts'
import type { Site } from './site.ts'
import { type BrowserCase, inEachBrowser, type Stage, seen } from './stage.ts'

/** A site behind a line, and a page of it with an `EventSource`. */
async function follow(stage: Stage, path: string, names: readonly string[], site?: Site) {
  const served = site ?? (await stage.site())
  const line = await stage.line(served, { retryMs: 500 })
  const page = await stage.open(`${line.url}/`)
  const source = await NativeEventSource.open(page, path, names)
  await source.seen('$heartbeat')
  return { site: served, line, page, source }
}

async function cutNow(line: Line, source: NativeEventSource): Promise<void> {
  const before = await source.count('error')
  line.cut('reset')
  await source.seen('error', before + 1)
}

/** A site whose `letters` are for who has the cookie; `notices` are for everyone. */
async function signedInSite(stage: Stage, origins: readonly string[]) {
  const site = await stage.site({
    origins,
    channels: { letters: { read: 'signed-in' }, notices: { read: 'public' } },
    authenticate: ({ headers }) => (headers.cookie?.includes('who=ann') ? { id: 'ann' } : null),
  })
  await site.fairlead.channel('notices').publish('notice', 'for all')
  return { site, channel: site.fairlead.channel('letters') }
}

/** Runs in the page. Cookies know no ports: the server on the other one gets it too. */
function signIn(): void {
  // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no Cookie Store API.
  document.cookie = 'who=ann'
}

const cases: readonly BrowserCase[] = [
  {
    name: 'loses nothing over ten cuts anywhere in the stream, and keeps the order',
    async run(stage) {
      const { site, line, source } = await follow(stage, '/live/orders', ['numbered'])
      const publish = counter(site)
      for (const [index, bytes] of cutPoints.entries()) {
        await sawAll(source, await publish(3))
        const cut = line.cutAfter(bytes, index % 2 === 0 ? 'reset' : 'end')
        await publish(5)
        await cut
        await publish(3)
      }
      await sawAll(source, await publish(1))
      expect(await source.of('$reset')).toEqual([])
    },
  },
  {
    name: 'shows a compressed stream event by event, over cuts as well',
    async run(stage) {
      const site = await stage.site({ channels: { orders: { read: 'public', compress: true } } })
      const { line, source } = await follow(stage, '/live/orders', ['numbered'], site)
      const publish = counter(site)
      for (let i = 0; i < 3; i++) {
        await sawAll(source, await publish(1))
        await cutNow(line, source)
        await sawAll(source, await publish(2))
      }
      expect(await source.of('$reset')).toEqual([])
    },
  },
  {
    name: 'dispatches events by name, each with its id; bytes are a data: URL',
    async run(stage) {
      const { site, page, source } = await follow(stage, '/live/orders', [
        'new_order',
        'message',
        'größe: 🎏',
      ])
      const channel = site.fairlead.channel('orders')
      const ids = [
        (await channel.publish('new_order', { id: 123, total: 45.99 })).id,
        (await channel.publish('message', 'two\nlines')).id,
        (await channel.publish('größe: 🎏', [null])).id,
        (await channel.publish('new_order', Uint8Array.of(0, 1, 2, 255))).id,
      ]
      await source.seen('new_order', 2)
      const all = (await source.all()).filter(({ type }) => type !== 'open' && type !== '$heartbeat')
      expect(all).toEqual([
        { type: 'new_order', data: '{"id":123,"total":45.99}', id: ids[0] },
        { type: 'message', data: '"two\\nlines"', id: ids[1] },
        { type: 'größe: 🎏', data: '[null]', id: ids[2] },
        { type: 'new_order', data: 'data:application/octet-stream;base64,AAEC/w==', id: ids[3] },
      ])
      const fetched = await page.evaluate(async (url) => {
        const response = await fetch(url)
        return [response.headers.get('content-type'), ...new Uint8Array(await response.arrayBuffer())]
      }, all[3]!.data!)
      expect(fetched).toEqual(['application/octet-stream', 0, 1, 2, 255])
    },
  },
  {
    name: 'sees the heartbeat, with the interval and the position',
    async run(stage) {
      const site = await stage.site({ dev: true, heartbeatMs: 200 })
      const before = await site.fairlead.channel('orders').position()
      const { source } = await follow(stage, '/live/orders', [], site)
      const [first] = await source.of('$heartbeat')
      expect(first).toEqual({ type: '$heartbeat', data: '{"everyMs":200}', id: before })
      await site.fairlead.channel('orders').publish('unheard', 1)
      const after = await site.fairlead.channel('orders').position()
      await seen(
        () => source.of('$heartbeat'),
        (beats) => beats.some(({ id }) => id === after),
        `a heartbeat at ${after}`,
      )
    },
  },
  {
    name: 'loses nothing when the first cut comes before the first event',
    async run(stage) {
      const { site, line, source } = await follow(stage, '/live/quiet', ['numbered'])
      await cutNow(line, source)
      await sawAll(source, await counter(site, 'quiet')(3))
      expect(await source.of('$reset')).toEqual([])
    },
  },
  {
    name: 'carries several channels as CHANNEL:NAME, and one id resumes them all',
    async run(stage) {
      const names = ['orders:placed', 'stock/bow:left', 'stock/bow:message']
      const { site, line, source } = await follow(
        stage,
        '/live?channel=orders&channel=stock/bow&channel=quiet',
        names,
      )
      const orders = site.fairlead.channel('orders')
      const stock = site.fairlead.channel('stock/bow')
      await orders.publish('placed', 1)
      await stock.publish('left', 2)
      await source.seen('stock/bow:left')
      await cutNow(line, source)
      await stock.publish('message', 3)
      await orders.publish('placed', 4)
      await stock.publish('left', 5)
      await source.seen('stock/bow:left', 2)
      const all = (await source.all()).filter(({ type }) => type.includes(':'))
      expect(all.map(({ type, data }) => `${type} ${data}`)).toEqual([
        'orders:placed 1',
        'stock/bow:left 2',
        'stock/bow:message 3',
        'orders:placed 4',
        'stock/bow:left 5',
      ])
    },
  },
  {
    name: 'is told $reset when what it missed is no longer kept, before anything newer',
    async run(stage) {
      const site = await stage.site({ dev: true, log: memoryLog({ events: 5 }) })
      const { line, source } = await follow(stage, '/live/orders', ['numbered'], site)
      const publish = counter(site)
      await sawAll(source, await publish(2))
      line.up = false
      await cutNow(line, source)
      // More than a server remembers of a channel beside its log.
      await publish(300)
      const latest = await site.fairlead.channel('orders').position()
      line.up = true
      const [reset] = await source.seen('$reset')
      expect(reset!.id).toBe(latest)
      expect(JSON.parse(reset!.data!)).toMatchObject({ channel: 'orders', reason: 'trimmed', latest })
      await publish(1)
      await source.seen('numbered', 3)
      const order = (await source.all()).filter(({ type }) => type === 'numbered' || type === '$reset')
      expect(order.map(({ type, data }) => (type === '$reset' ? type : JSON.parse(data!).n))).toEqual([
        1,
        2,
        '$reset',
        303,
      ])
    },
  },
  {
    name: 'is told $reset by a server that was killed and has lost its log, and goes on there',
    async run(stage) {
      const { site, source } = await follow(stage, '/live/orders', ['numbered'])
      await sawAll(source, await counter(site)(2))
      await site.kill()
      await site.start()
      const [reset] = await source.seen('$reset')
      const latest = await site.fairlead.channel('orders').position()
      expect(reset!.id).toBe(latest)
      expect(JSON.parse(reset!.data!)).toMatchObject({ channel: 'orders', reason: 'epoch', latest })
      await counter(site)(1)
      await source.seen('numbered', 3)
      expect((await source.all()).map(({ type }) => type).slice(-2)).toEqual(['$reset', 'numbered'])
    },
  },
  {
    name: 'is told $bye by a server that drains, and comes back by itself to the next one with nothing lost',
    async run(stage) {
      const log = stage.lastingLog()
      const site = await stage.site(() => ({ dev: true, log: log.open() }))
      const { source } = await follow(stage, '/live/orders', ['numbered'], site)
      const publish = counter(site)
      await sawAll(source, await publish(2))
      await site.drain()
      const [bye] = await source.seen('$bye')
      expect(JSON.parse(bye!.data!)).toMatchObject({ reason: 'drain' })
      await source.seen('error')
      await site.start()
      await sawAll(source, await publish(3))
      expect(await source.of('$reset')).toEqual([])
      expect(await source.readyState()).toBe(1)
    },
  },
  {
    name: 'crosses to an origin that is on the list, with the cookie only when asked to',
    async run(stage) {
      const pages = await stage.site()
      const { site, channel } = await signedInSite(stage, [pages.url])
      const page = await stage.open(`${pages.url}/`)
      await page.evaluate(signIn)
      const url = `${site.url}/live/letters`
      const nobody = await NativeEventSource.open(page, url, ['letter'])
      await nobody.seen('error')
      expect(await nobody.readyState()).toBe(2)
      const source = await NativeEventSource.open(page, url, ['letter'], { withCredentials: true })
      await source.seen('$heartbeat')
      await channel.publish('letter', 'for Ann')
      const [letter] = await source.seen('letter')
      expect(letter!.data).toBe('"for Ann"')
    },
  },
  {
    name: 'gets nothing from an origin that does not know its page, with or without the cookie',
    async run(stage) {
      const pages = await stage.site()
      const { site } = await signedInSite(stage, ['http://elsewhere.test'])
      const page = await stage.open(`${pages.url}/`)
      await page.evaluate(signIn)
      for (const withCredentials of [true, false]) {
        const url = `${site.url}/live/notices?last=1`
        const source = await NativeEventSource.open(page, url, ['notice'], { withCredentials })
        await source.seen('error')
        expect(await source.readyState()).toBe(2)
        expect(await source.all()).toEqual([{ type: 'error' }])
      }
    },
  },
]

inEachBrowser('a native EventSource', cases)
