import { setTimeout as pace } from 'node:timers/promises'
import { expect } from 'vitest'
import { comes, type Tab, type TestBrowser, textOf } from './tabs.ts'
import type { TestShop } from './ways.ts'

/** A dashboard's connection for its feeds, as a selector. */
export const feeds = '[data-connection="feeds"]'
/** The one for the chat. */
export const chat = '[data-connection="chat"]'
/** An expression: what was said in the chat. */
export const lines = `[...document.querySelectorAll('.chat-line')].map((line) => line.textContent)`
/** An expression: the transport that is chosen for a connection. */
export const chosen = (connection: string) =>
  `document.querySelector('[data-connection="${connection}"] input:checked')?.value`

/** An expression: the phase that a connection's pill shows. */
export function phase(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector === 'line' ? '#line' : `${selector} .pill`)}).dataset.phase`
}

/** An expression: the data of the first event that a native EventSource gets, or that it was refused. */
export function native(url: string, event: string): string {
  return `(async () => {
    const source = new EventSource(${url})
    const said = await new Promise((resolve) => {
      source.addEventListener('${event}', ({ data }) => resolve(data))
      source.onerror = () => source.readyState === EventSource.CLOSED && resolve('refused')
    })
    source.close()
    return said
  })()`
}

/** Waits over a reload of the page, which ends what was being looked at: more than once on a busy machine. */
export async function comesAnew(tab: Tab, expression: string): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      return await comes(tab, expression)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}

/** Opens the storefront and waits until it is live. */
export async function openStorefront(browser: TestBrowser, { url }: TestShop): Promise<Tab> {
  const tab = await browser.open(`${url}/`)
  await comes(tab, `${phase('line')} === 'open' && document.querySelectorAll('.product').length === 12`)
  return tab
}

/** Opens the dashboard, signed in if need be, and waits until it is live. */
export async function openDashboard(browser: TestBrowser, shop: TestShop): Promise<Tab> {
  const tab = await browser.open(`${shop.url}/dashboard`)
  if (shop.secure) {
    await comes(tab, `!document.querySelector('#sign-in').hidden`)
    await signIn(tab, await shop.token(600))
  }
  await comes(tab, `${phase(feeds)} === 'open' && ${phase(chat)} === 'open'`)
  await comes(tab, `document.querySelectorAll('#stock .item').length === 12`)
  return tab
}

/** Fills in the form that asks an operator for a token. */
export async function signIn(tab: Tab, token: string): Promise<void> {
  await tab.evaluate(`(() => {
    const input = document.querySelector('#sign-in-token')
    input.value = ${JSON.stringify(token)}
    input.form.requestSubmit()
  })()`)
}

/** Puts a connection on another transport. */
export async function choose(tab: Tab, connection: string, transport: string): Promise<void> {
  if ((await tab.evaluate(chosen(connection))) === transport) return
  const input = `[data-connection="${connection}"] input[value="${transport}"]`
  await tab.evaluate(`document.querySelector(${JSON.stringify(input)}).click()`)
  const text = textOf(`[data-connection="${connection}"] .replayed`)
  await comes(tab, `${chosen(connection)} === '${transport}' && ${text} !== 'Changing …'`)
}

/** Cuts a page's line for some seconds, or heals it (0), and waits until the page has noticed. */
export async function cut(shop: TestShop, tab: Tab, pill: string, seconds: number): Promise<void> {
  const line = await tab.evaluate(`import('/parts/line.js').then((module) => module.lineId)`)
  expect(await shop.operate('/api/cut', { line, seconds })).toMatchObject({ status: 200 })
  if (seconds > 0) await comes(tab, `${phase(pill)} !== 'open'`)
}

/** Says something in the chat of a page. */
export async function say(tab: Tab, text: string): Promise<void> {
  await tab.evaluate(`(() => {
    const input = document.querySelector('#chat-text')
    input.value = ${JSON.stringify(text)}
    input.form.requestSubmit()
  })()`)
}

/** Orders one after the other, past the pages. */
export async function buy(shop: TestShop, orders: number): Promise<void> {
  for (let i = 0; i < orders; i++) expect(await shop.order('bow-shackle')).toBe(201)
}

/** Buys about a hundred times a second until it is stopped. */
export function startLoad(shop: TestShop): { stop(): Promise<void> } {
  let over = false
  const running = (async () => {
    while (!over) {
      await buy(shop, 1)
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
