import { expect } from 'vitest'
import { followOrders } from './client-page.ts'
import { counter, upTo } from './numbered.ts'
import { onEachTransport } from './on-each-transport.ts'
import type { Site } from './site.ts'
import { type BrowserCase, inEachBrowser, seen } from './stage.ts'

/** Publishes 500 events a second until it is stopped, which answers the last number. */
function keepPublishing(site: Site): () => Promise<number> {
  const publish = counter(site)
  let stopped = false
  const flow = (async () => {
    while (!stopped) {
      await publish(5)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return publish(1)
  })()
  // Whoever stops it is told.
  flow.catch(() => {})
  return () => {
    stopped = true
    return flow
  }
}

const cases: readonly BrowserCase[] = [
  // The cases that wait longest come first.
  {
    // It waits for three deadlines, and nothing in it is a browser's own.
    only: 'Chromium',
    name: 'falls back from a WebSocket that had worked, with nothing lost',
    async run(stage) {
      const site = await stage.site()
      let blocked = false
      const passage = (head: string) => (blocked && /^upgrade: websocket/im.test(head) ? 'head' : 'all')
      const { line, client } = await followOrders(stage, ['websocket', 'sse'], site, { passage })
      const publish = counter(site)
      await client.reads('websocket')
      await client.numbers('orders', await publish(2))
      blocked = true
      line.cut('reset')
      const last = await publish(3)
      await client.reads('sse')
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  ...onEachTransport,
  {
    name: 'changes its transport while events flow: none lost, repeated or out of order',
    async run(stage) {
      const site = await stage.site()
      const { client } = await followOrders(stage, 'sse', site)
      const stop = keepPublishing(site)
      let heard = 0
      for (let round = 0; round < 5; round++) {
        for (const transport of ['websocket', 'long-poll', 'sse'] as const) {
          await client.use(transport)
          await client.reads(transport)
          heard = (await client.numbers('orders', heard + 1)).length
        }
      }
      const last = await stop()
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  ...(['sse', 'websocket'] as const).map(
    (transport): BrowserCase => ({
      name: `over ${transport}: leaves a line that has fallen silent`,
      async run(stage) {
        const site = await stage.site({ dev: true, heartbeatMs: 500 })
        const { line, client } = await followOrders(stage, transport, site)
        const publish = counter(site)
        await client.numbers('orders', await publish(1))
        line.cut('silence')
        const last = await publish(3)
        expect(await client.numbers('orders', last)).toEqual(upTo(last))
      },
    }),
  ),
  {
    name: 'goes from WebSocket to SSE where a proxy accepts the upgrade and passes no frame',
    async run(stage) {
      const site = await stage.site()
      const passage = (head: string) => (/^upgrade: websocket/im.test(head) ? 'head' : 'all')
      const { client } = await followOrders(stage, ['websocket', 'sse'], site, { passage })
      await client.reads('sse')
      const last = await counter(site)(3)
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    name: 'goes from SSE to long-poll where a proxy keeps the stream until it is whole',
    async run(stage) {
      const site = await stage.site()
      const passage = (head: string) => (/^accept: text\/event-stream/im.test(head) ? 'once whole' : 'all')
      const { client } = await followOrders(stage, ['sse', 'long-poll'], site, { passage })
      await client.reads('long-poll')
      const last = await counter(site)(3)
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
  {
    // Firefox keeps no page that has a request open when it is left: closing it at `pagehide` is too late there.
    only: 'Chromium',
    name: 'lets its page be put into the back/forward cache, and goes on where it was',
    async run(stage) {
      const site = await stage.site()
      const { line, client } = await followOrders(stage, ['sse', 'websocket'], site)
      const publish = counter(site)
      await client.numbers('orders', await publish(2))
      await client.page.evaluate(() => {
        addEventListener('pageshow', ({ persisted }) => {
          window.persisted = persisted
        })
      })
      await client.page.goto(`${line.url}/other`)
      const last = await publish(3)
      await client.page.back()
      const persisted = () => client.page.evaluate(() => window.persisted).catch(() => undefined)
      await seen(persisted, (value) => value === true, 'the page as it was')
      expect(await client.numbers('orders', last)).toEqual(upTo(last))
    },
  },
]

declare global {
  interface Window {
    persisted: boolean | undefined
  }
}

inEachBrowser('the client', cases)
