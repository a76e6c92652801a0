import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleClient } from '../../scripts/bundle-client.mjs'
import type { connectShared, SharedClient } from '../../src/client/tabs.ts'
import { createServer, type FairleadServer } from '../../src/server/create-server.ts'
import { needs } from '../support/needs.ts'

interface TabWindow {
  readonly connectShared: typeof connectShared
  client: SharedClient
  seen: number[]
}

const path = needs('chromium')
const page = `<!doctype html><meta charset="utf-8"><title>A tab</title><script type="module">
  import { connectShared } from '/tabs.js'
  window.connectShared = connectShared
  window.seen = []
  window.client = connectShared('/live', { transport: 'sse' })
  window.client.channel('numbers', { after: 'earliest' }).on('tick', (n) => void window.seen.push(n))
</script>`

/** Runs in the page. */
function look() {
  const { client, seen } = window as unknown as TabWindow
  const { phase, shared, leads, transport } = client.state
  return { phase, shared, leads, transport, seen }
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

async function until(check: () => Promise<boolean>, what: string, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe.skipIf(!path)('ten tabs of Chromium over HTTP/1.1', () => {
  const closing: (() => Promise<unknown>)[] = []
  let fairlead: FairleadServer
  let context: BrowserContext
  let url: string
  let tabs: Page[] = []
  let sent = 0

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-tabs-'))
    closing.push(() => rm(folder, { recursive: true }))
    await bundleClient(new URL('../../src/client/tabs.ts', import.meta.url).pathname, join(folder, 'tabs.js'))
    const script = await readFile(join(folder, 'tabs.js'))
    const http = createHttpServer((request, response) => {
      const isScript = request.url === '/tabs.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : page)
    })
    fairlead = createServer({ dev: true, heartbeatMs: 2_000 })
    fairlead.attach(http)
    http.listen(0, 'localhost')
    await once(http, 'listening')
    url = `http://localhost:${(http.address() as AddressInfo).port}`
    closing.push(async () => {
      http.closeAllConnections()
      http.close()
      await fairlead.close()
    })
    const browser = await chromium.launch({
      executablePath: path!,
      args: ['--no-sandbox', '--disable-gpu'],
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    })
    closing.push(() => browser.close())
    context = await browser.newContext()
    tabs = await Promise.all(upTo(10).map(() => open()))
  }, 60_000)

  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  })

  async function open(): Promise<Page> {
    const tab = await context.newPage()
    await tab.goto(url)
    return tab
  }

  async function publish(n: number): Promise<void> {
    for (let i = 0; i < n; i++) await fairlead.channel('numbers').publish('tick', sent++)
  }

  /** Each tab has seen each number once, and in order. */
  async function exact(of: readonly Page[] = tabs): Promise<void> {
    const looks = () => Promise.all(of.map((tab) => tab.evaluate(look)))
    await until(async () => (await looks()).every(({ seen }) => seen.length >= sent), `all ${sent} numbers`)
    for (const { seen } of await looks()) expect(seen).toEqual(upTo(sent))
  }

  async function leader(): Promise<Page> {
    for (;;) {
      for (const tab of tabs) if ((await tab.evaluate(look)).leads) return tab
    }
  }

  const leaders = async () =>
    (await Promise.all(tabs.map((tab) => tab.evaluate(look)))).filter(({ leads }) => leads).length

  function connections(): number {
    const { connections: byKind } = fairlead.status() as { connections: Record<string, number> }
    return Object.values(byKind).reduce((sum, n) => sum + n, 0)
  }

  it('are one connection, and the eleventh works too', async () => {
    await publish(50)
    await exact()
    await until(async () => connections() === 1, 'one connection')
    tabs.push(await open())
    await publish(50)
    await exact()
    expect(connections()).toBe(1)
    expect(await tabs[10]!.evaluate(look)).toMatchObject({ phase: 'open', shared: true, transport: 'sse' })
    // Six to one host are all that Chromium opens over HTTP/1.1: there is room for other requests.
    const answer = await tabs[10]!.evaluate(async () => (await fetch('/live/numbers?limit=1')).status)
    expect(answer).toBe(200)
  })

  it('go on when the one that leads is closed', async () => {
    const first = await leader()
    const counting = publish(200)
    tabs = tabs.filter((tab) => tab !== first)
    await first.close()
    await counting
    await exact()
  })

  it('go on when the one that leads crashes', async () => {
    const first = await leader()
    tabs = tabs.filter((tab) => tab !== first)
    const session = await context.newCDPSession(first)
    const crashed = first.waitForEvent('crash')
    void session.send('Page.crash').catch(() => {})
    await crashed
    await publish(100)
    await exact()
  })

  it('take the lead of one whose thread stands still; when it goes on, it shows no event twice', async () => {
    const first = await leader()
    const others = tabs.filter((tab) => tab !== first)
    // A frozen tab looks the same to the others: it says nothing, and keeps its lock. (Headless pages do not freeze.)
    const stalled = first.evaluate((ms) => {
      const end = performance.now() + ms
      while (performance.now() < end);
    }, 9_000)
    const began = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await publish(100)
    await exact(others)
    expect(Date.now() - began).toBeLessThan(9_000)
    await stalled
    await publish(50)
    await exact()
    await until(async () => (await leaders()) === 1, 'one leader')
    expect((await first.evaluate(look)).leads).toBe(false)
    await until(async () => connections() === 1, 'one connection')
  })

  it('give way to the back/forward cache, and go on as they come out of it', async () => {
    const first = await leader()
    await first.evaluate(() => Object.assign(window, { kept: true }))
    await first.goto('about:blank')
    const others = tabs.filter((tab) => tab !== first)
    await publish(50)
    await exact(others)
    await first.goBack({ waitUntil: 'commit' })
    await until(() => first.evaluate(() => 'client' in window), 'the page')
    const wasKept = await first.evaluate(() => 'kept' in window)
    await publish(50)
    await exact(others)
    const { seen } = await first.evaluate(look)
    await until(async () => (await first.evaluate(look)).seen.length >= sent, `all ${sent} numbers`)
    expect([...new Set(seen)]).toHaveLength(seen.length)
    expect((await first.evaluate(look)).seen).toEqual(upTo(sent))
    expect(wasKept).toBe(true)
  })
})
