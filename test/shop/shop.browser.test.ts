import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pace } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../support/needs.ts'
import { get, post, startShop } from './shop-process.ts'
import { comes, startChromium, startFirefox, type Tab, type TestBrowser, textOf } from './tabs.ts'

const browsers = [
  { name: 'Chromium', path: needs('chromium'), start: startChromium },
  { name: 'Firefox', path: needs('firefox'), start: startFirefox },
]

for (const { name, path, start } of browsers) {
  describe.skipIf(!path)(`the shop in ${name}`, { timeout: 90_000 }, () => {
    let browser: TestBrowser
    beforeAll(async () => {
      browser = await start(path!)
    }, 60_000)
    afterEach(() => browser?.closeTabs())
    afterAll(() => browser?.close())

    it('shows an order placed in the storefront on the dashboard, and the shelf on both', async () => {
      await using shop = await startShop()
      const dashboard = await openDashboard(browser, shop.url)
      const storefront = await openStorefront(browser, shop.url)
      await comes(dashboard, `${textOf('#visitors')} === '1'`)
      await storefront.click('[data-sku="bow-shackle"] .buy')
      await comes(storefront, `${textOf('[data-sku="bow-shackle"] .result')} === 'Yours: order no. 1.'`)
      await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '119 left'`)
      await comes(dashboard, `${textOf('[data-order="1"]')}.includes('Bow shackle')`)
      await comes(dashboard, `${textOf('#stock [data-sku="bow-shackle"] .left')} === '119'`)
      await comes(dashboard, `${textOf('#chart-revenue b')} === '€7'`)
    })

    it('refuses the second buyer of the last piece, and says so', async () => {
      await using shop = await startShop()
      const first = await openStorefront(browser, shop.url)
      const second = await openStorefront(browser, shop.url)
      await cut(shop.url, second, 'line', 60) // Its page cannot know that the piece was sold.
      await first.click('[data-sku="sextant"] .buy')
      await comes(first, `${textOf('[data-sku="sextant"] .result')} === 'Yours: order no. 1.'`)
      await second.click('[data-sku="sextant"] .buy')
      await comes(second, `${textOf('[data-sku="sextant"] .result')}.startsWith('Sold out just now')`)
      await cut(shop.url, second, 'line', 0)
      await comes(second, `document.querySelector('[data-sku="sextant"] .buy').disabled`)
      expect((await get<{ count: number }>(`${shop.url}/api/dashboard/orders`)).count).toBe(1)
    })

    it.each(['sse', 'websocket', 'long-poll'])(
      'loses nothing over %s when the line is cut under load',
      async (transport) => {
        await using shop = await startShop()
        await post(`${shop.url}/api/deliveries`, { sku: 'bow-shackle', quantity: 1000, key: 'load' })
        const dashboard = await openDashboard(browser, shop.url)
        await choose(dashboard, 'feeds', transport)
        const load = startLoad(shop.url)
        await comes(dashboard, 'Number(document.querySelector("#ledger").dataset.last) >= 5')

        await cut(shop.url, dashboard, feeds, 2)
        await comes(dashboard, `${phase(feeds)} === 'open'`)
        await comes(dashboard, `/^Cut once; [1-9]/.test(${textOf(`${feeds} .replayed`)})`)
        await load.stop()

        const { count, revenueCents } = await get<{ count: number; revenueCents: number }>(
          `${shop.url}/api/dashboard/orders`,
        )
        await comes(dashboard, `document.querySelector("#ledger").dataset.last === '${count}'`)
        expect(await dashboard.evaluate('({ ...document.querySelector("#ledger").dataset })')).toMatchObject({
          missing: '0',
          twice: '0',
        })
        const euros = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })
        const total = `${new Intl.NumberFormat('en-IE').format(count)} for ${euros.format(revenueCents / 100)}`
        await comes(dashboard, `${textOf('#orders-total')} === ${JSON.stringify(total)}`)
        await comes(dashboard, `${textOf('#stock [data-sku="bow-shackle"] .left')} === '${1120 - count}'`)
      },
    )

    it('comes back by itself after the shop was killed and begins anew', async () => {
      const first = await startShop()
      const dashboard = await openDashboard(browser, first.url)
      const storefront = await openStorefront(browser, first.url)
      await buy(first.url, 3)
      await comes(dashboard, `document.querySelector('[data-order="3"]')`)
      await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '117 left'`)
      const epoch = `${textOf(`${feeds} code`)}.split('.')[0]`
      const before = await dashboard.evaluate(epoch)

      await first.kill()
      await using second = await startShop({ port: first.port })
      await comes(dashboard, `${epoch} !== ${JSON.stringify(before)} && ${phase(feeds)} === 'open'`, 40_000)
      await buy(second.url, 1)
      await comes(
        dashboard,
        `${textOf('#orders')}.startsWith('1') && document.querySelectorAll('#orders tr').length === 1`,
      )
      await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '119 left'`, 40_000)
    })

    it('goes on where it was after the shop was killed, on a log that lasts', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'fairlead-shop-'))
      const log = `lmdb:${folder}/log`
      const first = await startShop({ log })
      try {
        const dashboard = await openDashboard(browser, first.url)
        await buy(first.url, 3)
        await comes(dashboard, `document.querySelector('[data-order="3"]')`)
        await first.kill()
        await using second = await startShop({ port: first.port, log })
        await buy(second.url, 2)
        await comes(dashboard, `document.querySelectorAll('#orders tr').length === 5`, 40_000)
        expect(await dashboard.evaluate('({ ...document.querySelector("#ledger").dataset })')).toMatchObject({
          first: '1',
          last: '5',
          missing: '0',
          twice: '0',
        })
        await comes(dashboard, `${textOf('#stock [data-sku="bow-shackle"] .left')} === '115'`)
      } finally {
        await first.kill()
        await rm(folder, { recursive: true, force: true })
      }
    })

    it('mutes alerts for every operator, also for one who opens the page later', async () => {
      await using shop = await startShop()
      const pressed = `document.querySelector('#stock [data-sku="compass"] .mute').getAttribute('aria-pressed')`
      const first = await openDashboard(browser, shop.url)
      const second = await openDashboard(browser, shop.url)
      await first.click('#stock [data-sku="compass"] .mute')
      await comes(first, `${pressed} === 'true'`)
      await comes(second, `${pressed} === 'true'`)
      const third = await openDashboard(browser, shop.url)
      await comes(third, `${pressed} === 'true' && ${textOf('#muted')} === 'Muted: Bulkhead compass'`)
      await third.click('#stock [data-sku="compass"] .mute')
      await comes(first, `${pressed} === 'false'`)
    })

    it('carries the support chat over WebSocket beside the feeds over SSE, and through a cut', async () => {
      await using shop = await startShop()
      const storefront = await openStorefront(browser, shop.url)
      const dashboard = await openDashboard(browser, shop.url)
      await storefront.click('#ask')
      await say(storefront, 'Is the bell loud?')
      await comes(dashboard, `${lines}.at(-1) === 'Is the bell loud?'`)
      expect(await dashboard.evaluate(chosen('feeds'))).toBe('sse')
      expect(await dashboard.evaluate(chosen('chat'))).toBe('websocket')
      await say(dashboard, 'Very.')
      await comes(storefront, `${lines}.at(-1) === 'Very.'`)

      await cut(shop.url, dashboard, chat, 2)
      await say(dashboard, 'You will hear it')
      await say(dashboard, 'across the harbour.')
      await comes(storefront, `${lines}.length === 4`)
      const all = ['Is the bell loud?', 'Very.', 'You will hear it', 'across the harbour.']
      expect(await storefront.evaluate(lines)).toEqual(all)
      await comes(dashboard, `document.querySelectorAll('.chat-line.pending').length === 0`)
      expect(await dashboard.evaluate(lines)).toEqual(all)
    })
  })
}

const feeds = '[data-connection="feeds"]'
const chat = '[data-connection="chat"]'
const lines = `[...document.querySelectorAll('.chat-line')].map((line) => line.textContent)`
const chosen = (connection: string) =>
  `document.querySelector('[data-connection="${connection}"] input:checked')?.value`

/** An expression: the phase that a connection's pill shows. */
function phase(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector === 'line' ? '#line' : `${selector} .pill`)}).dataset.phase`
}

async function openStorefront(browser: TestBrowser, url: string): Promise<Tab> {
  const tab = await browser.open(`${url}/`)
  await comes(tab, `${phase('line')} === 'open' && document.querySelectorAll('.product').length === 12`)
  return tab
}

async function openDashboard(browser: TestBrowser, url: string): Promise<Tab> {
  const tab = await browser.open(`${url}/dashboard`)
  await comes(tab, `${phase(feeds)} === 'open' && ${phase(chat)} === 'open'`)
  await comes(tab, `document.querySelectorAll('#stock .item').length === 12`)
  return tab
}

/** Puts a connection on another transport. */
async function choose(tab: Tab, connection: string, transport: string): Promise<void> {
  if ((await tab.evaluate(chosen(connection))) === transport) return
  const input = `[data-connection="${connection}"] input[value="${transport}"]`
  await tab.evaluate(`document.querySelector(${JSON.stringify(input)}).click()`)
  const text = textOf(`[data-connection="${connection}"] .replayed`)
  await comes(tab, `${chosen(connection)} === '${transport}' && ${text} !== 'Changing …'`)
}

/** Cuts a page's line for some seconds, or heals it (0), and waits until the page has noticed. */
async function cut(url: string, tab: Tab, pill: string, seconds: number): Promise<void> {
  const line = await tab.evaluate(`import('/parts/line.js').then((module) => module.lineId)`)
  expect(await post(`${url}/api/cut`, { line, seconds })).toMatchObject({ status: 200 })
  if (seconds > 0) await comes(tab, `${phase(pill)} !== 'open'`)
}

async function say(tab: Tab, text: string): Promise<void> {
  await tab.evaluate(`(() => {
    const input = document.querySelector('#chat-text')
    input.value = ${JSON.stringify(text)}
    input.form.requestSubmit()
  })()`)
}

async function buy(url: string, orders: number): Promise<void> {
  for (let i = 0; i < orders; i++) {
    const order = { sku: 'bow-shackle', quantity: 1, key: crypto.randomUUID() }
    expect(await post(`${url}/api/orders`, order)).toMatchObject({ status: 201 })
  }
}

/** Buys about a hundred times a second until it is stopped. */
function startLoad(url: string): { stop(): Promise<void> } {
  let over = false
  const running = (async () => {
    while (!over) {
      await buy(url, 1)
      await pace(10)
    }
  })()
  return {
    stop() {
      over = true
      return running
    },
  }
}
