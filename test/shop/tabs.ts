import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'

/** One page of a browser: what Playwright's and Puppeteer's have in common, as far as it is needed here. */
export interface Tab {
  goto(url: string): Promise<unknown>
  click(selector: string): Promise<void>
  /** Evaluates an expression in the page; a promise is awaited. */
  evaluate(expression: string): Promise<unknown>
}

/** A browser that was started. */
export interface TestBrowser {
  /** Opens a page in a window of its own, so that it is never in the background. */
  open(url: string): Promise<Tab>
  /** Closes every page. */
  closeTabs(): Promise<void>
  close(): Promise<void>
}

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Chromium, driven by Playwright. */
export async function startChromium(executablePath: string): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath, args: chromiumFlags })
  return {
    async open(url) {
      const page = await (await browser.newContext()).newPage()
      await page.goto(url)
      return page
    },
    async closeTabs() {
      for (const context of browser.contexts()) await context.close()
    },
    close: () => browser.close(),
  }
}

/** Starts Firefox, driven by Puppeteer over WebDriver BiDi. */
export async function startFirefox(executablePath: string): Promise<TestBrowser> {
  const userDataDir = mkdtempSync(join(tmpdir(), 'fairlead-firefox-'))
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, userDataDir })
  return {
    async open(url) {
      const page = await (await browser.createBrowserContext()).newPage()
      await page.goto(url)
      return page
    },
    async closeTabs() {
      for (const page of await browser.pages()) await page.close()
    },
    async close() {
      await browser.close()
      rmSync(userDataDir, { recursive: true, force: true })
    },
  }
}

/** Resolves as soon as an expression holds in the page; rejects after `ms` with the page's text. */
export async function comes(tab: Tab, expression: string, ms = 20_000): Promise<void> {
  const holds = await tab.evaluate(`new Promise((resolve) => {
    const end = performance.now() + ${ms}
    const look = () => {
      let holds = false
      try { holds = Boolean(${expression}) } catch {}
      if (holds || performance.now() > end) resolve(holds)
      else setTimeout(look, 25)
    }
    look()
  })`)
  if (holds) return
  throw new Error(
    `This never came true in the page: ${expression}\n${await tab.evaluate('document.body.innerText')}`,
  )
}

/** An expression: the text of the element that a selector finds. */
export function textOf(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)}).textContent`
}
