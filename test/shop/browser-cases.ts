import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  buy,
  chat,
  choose,
  chosen,
  comesAnew,
  cut,
  feeds,
  lines,
  native,
  openDashboard,
  openStorefront,
  phase,
  say,
  signIn,
  startLoad,
} from './pages.ts'
import { comes, type TestBrowser, textOf } from './tabs.ts'
import { openHere, startApart } from './ways.ts'

/** Runs cases in one browser, started once for all of them; skipped where there is none. */
export function inBrowser(
  {
    name,
    path,
    start,
  }: { name: string; path: string | undefined; start(path: string): Promise<TestBrowser> },
  cases: (browser: () => TestBrowser) => void,
): void {
  describe.skipIf(!path)(`the shop in ${name}`, { timeout: 90_000 }, () => {
    let browser: TestBrowser
    beforeAll(async () => {
      browser = await start(path!)
    }, 60_000)
    afterEach(() => browser?.closeTabs())
    afterAll(() => browser?.close())

    cases(() => browser)
  })
}

/**
 * What is tried in development mode and in earnest; `cuts` are the transports over which the line is cut. A shop is a
 * process of its own only where it is killed.
 */
export function inEachWay(browser: () => TestBrowser, secure: boolean, cuts: readonly string[]): void {
  it('shows an order placed in the storefront on the dashboard, and the shelf on both', async () => {
    await using shop = await openHere(secure)
    const dashboard = await openDashboard(browser(), shop)
    const storefront = await openStorefront(browser(), shop)
    await comes(dashboard, `${textOf('#visitors')} === '1'`)
    await storefront.click('[data-sku="bow-shackle"] .buy')
    await comes(storefront, `${textOf('[data-sku="bow-shackle"] .result')} === 'Yours: order no. 1.'`)
    await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '119 left'`)
    await comes(dashboard, `${textOf('[data-order="1"]')}.includes('Bow shackle')`)
    await comes(dashboard, `${textOf('#stock [data-sku="bow-shackle"] .left')} === '119'`)
    await comes(dashboard, `${textOf('#chart-revenue b')} === '€7'`)
    expect(await storefront.evaluate(`document.querySelector('#yours').hidden`)).toBe(!secure)
  })

  it.each(cuts)('loses nothing over %s when the line is cut under load', async (transport) => {
    await using shop = await openHere(secure)
    await shop.operate('/api/deliveries', { sku: 'bow-shackle', quantity: 1000, key: 'load' })
    const dashboard = await openDashboard(browser(), shop)
    await choose(dashboard, 'feeds', transport)
    const load = startLoad(shop)
    await comes(dashboard, 'Number(document.querySelector("#ledger").dataset.last) >= 5')

    await cut(shop, dashboard, feeds, 1)
    await comes(dashboard, `${phase(feeds)} === 'open'`)
    await comes(dashboard, `/^Cut once; [1-9]/.test(${textOf(`${feeds} .replayed`)})`)
    await load.stop()

    const { count, revenueCents } = await shop.read<{ count: number; revenueCents: number }>(
      '/api/dashboard/orders',
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
  })

  it('carries the support chat over WebSocket beside the feeds over SSE, and through a cut', async () => {
    await using shop = await openHere(secure)
    const storefront = await openStorefront(browser(), shop)
    const dashboard = await openDashboard(browser(), shop)
    await storefront.click('#ask')
    await say(storefront, 'Is the bell loud?')
    await comes(dashboard, `${lines}.at(-1) === 'Is the bell loud?'`)
    expect(await dashboard.evaluate(chosen('feeds'))).toBe('sse')
    expect(await dashboard.evaluate(chosen('chat'))).toBe('websocket')
    await say(dashboard, 'Very.')
    await comes(storefront, `${lines}.at(-1) === 'Very.'`)

    await cut(shop, dashboard, chat, 1)
    await say(dashboard, 'You will hear it')
    await say(dashboard, 'across the harbour.')
    await comes(storefront, `${lines}.length === 4`)
    const all = ['Is the bell loud?', 'Very.', 'You will hear it', 'across the harbour.']
    expect(await storefront.evaluate(lines)).toEqual(all)
    await comes(dashboard, `document.querySelectorAll('.chat-line.pending').length === 0`)
    expect(await dashboard.evaluate(lines)).toEqual(all)
  })
}

/** What only a shop in earnest has: cookies for its native readers, and people who sign in. */
export function inEarnest(browser: () => TestBrowser): void {
  it('feeds a native EventSource by cookie: the operators’ on the dashboard, one’s own in the storefront', async () => {
    await using shop = await openHere(true)
    const dashboard = await openDashboard(browser(), shop)
    const storefront = await openStorefront(browser(), shop)
    await storefront.click('[data-sku="compass"] .buy')
    await comes(storefront, `document.querySelectorAll('#bought li').length === 1`)
    const live = `'/dashboard/line/' + (await import('/parts/line.js')).lineId + '/live'`
    expect(await dashboard.evaluate(native(`${live} + '/orders?after=earliest'`, 'new_order'))).toContain(
      '"sku":"compass"',
    )
    const own = `'/live/bought/' + (await (await fetch('/api/me')).json()).customer`
    expect(await storefront.evaluate(native(`${own} + '?after=earliest'`, 'bought'))).toContain('"id":1')
    for (const path of ['orders', 'alerts', 'bought/somebody'])
      expect(await storefront.evaluate(native(`'/live/${path}?after=earliest'`, 'new_order'))).toBe('refused')
    // The page that is signed in shows neither cookie to its scripts.
    expect(await dashboard.evaluate('document.cookie')).toBe('')
    expect(await storefront.evaluate('document.cookie')).toBe('')
  })

  it('lets nobody in by a wrong token, and says so when a sign-in ends', async () => {
    await using shop = await openHere(true)
    const tab = await browser().open(`${shop.url}/dashboard`)
    const asked = `!document.querySelector('#sign-in').hidden && document.querySelector('#main').hidden`
    await comes(tab, asked)
    await signIn(tab, 'letmein')
    await comes(tab, `${textOf('#sign-in-said')} === 'Not let in: The token is not valid.'`)
    await signIn(tab, await shop.token(4))
    await comes(tab, `${phase(feeds)} === 'open' && !document.querySelector('#main').hidden`)
    await comes(tab, `${asked} && ${textOf('#sign-in-said')}.startsWith('Your sign-in has ended.')`)
    await signIn(tab, await shop.token(600))
    await comesAnew(tab, `${phase(feeds)} === 'open' && ${textOf('#who-name')}.startsWith('olga, until ')`)
    await tab.click('#sign-out')
    await comesAnew(tab, `${asked} && ${textOf('#sign-in-said')} === ''`)
  })

  it('goes on where it was after the shop was killed, on a log that lasts, and nobody signs in again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-shop-'))
    const log = `lmdb:${folder}/log`
    try {
      const first = await startApart(true, { log })
      await using _ = first
      const dashboard = await openDashboard(browser(), first)
      await buy(first, 3)
      await comes(dashboard, `document.querySelector('[data-order="3"]')`)
      await first[Symbol.asyncDispose]()
      await using second = await startApart(true, { port: first.port, log })
      await buy(second, 2)
      await comes(dashboard, `document.querySelectorAll('#orders tr').length === 5`, 40_000)
      expect(await dashboard.evaluate('({ ...document.querySelector("#ledger").dataset })')).toMatchObject({
        first: '1',
        last: '5',
        missing: '0',
        twice: '0',
      })
      await comes(dashboard, `${textOf('#stock [data-sku="bow-shackle"] .left')} === '115'`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** What depends on neither browser nor mode. */
export function inOneWay(browser: () => TestBrowser): void {
  it('refuses the second buyer of the last piece, and says so', async () => {
    await using shop = await openHere(false)
    const first = await openStorefront(browser(), shop)
    const second = await openStorefront(browser(), shop)
    await cut(shop, second, 'line', 60) // Its page cannot know that the piece was sold.
    await first.click('[data-sku="sextant"] .buy')
    await comes(first, `${textOf('[data-sku="sextant"] .result')} === 'Yours: order no. 1.'`)
    await second.click('[data-sku="sextant"] .buy')
    await comes(second, `${textOf('[data-sku="sextant"] .result')}.startsWith('Sold out just now')`)
    await cut(shop, second, 'line', 0)
    await comes(second, `document.querySelector('[data-sku="sextant"] .buy').disabled`)
    expect((await shop.read<{ count: number }>('/api/dashboard/orders')).count).toBe(1)
  })

  it('mutes alerts for every operator, also for one who opens the page later', async () => {
    await using shop = await openHere(false)
    const pressed = `document.querySelector('#stock [data-sku="compass"] .mute').getAttribute('aria-pressed')`
    const first = await openDashboard(browser(), shop)
    const second = await openDashboard(browser(), shop)
    await first.click('#stock [data-sku="compass"] .mute')
    await comes(first, `${pressed} === 'true'`)
    await comes(second, `${pressed} === 'true'`)
    const third = await openDashboard(browser(), shop)
    await comes(third, `${pressed} === 'true' && ${textOf('#muted')} === 'Muted: Bulkhead compass'`)
    await third.click('#stock [data-sku="compass"] .mute')
    await comes(first, `${pressed} === 'false'`)
  })
}

/** A shop is killed and begins anew on the same port, and its pages follow. */
export async function beginAnew(browser: TestBrowser): Promise<void> {
  const first = await startApart(false)
  await using _ = first
  const dashboard = await openDashboard(browser, first)
  const storefront = await openStorefront(browser, first)
  await buy(first, 3)
  await comes(dashboard, `document.querySelector('[data-order="3"]')`)
  await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '117 left'`)
  const epoch = `${textOf(`${feeds} code`)}.split('.')[0]`
  const before = await dashboard.evaluate(epoch)

  await first[Symbol.asyncDispose]()
  await using second = await startApart(false, { port: first.port })
  await comes(dashboard, `${epoch} !== ${JSON.stringify(before)} && ${phase(feeds)} === 'open'`, 40_000)
  await buy(second, 1)
  await comes(
    dashboard,
    `${textOf('#orders')}.startsWith('1') && document.querySelectorAll('#orders tr').length === 1`,
  )
  await comes(storefront, `${textOf('[data-sku="bow-shackle"] .left')} === '119 left'`, 40_000)
}
