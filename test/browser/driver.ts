import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import { needs } from '../support/needs.ts'

/** One page of a browser, in a profile of its own: cookies and caches are not shared with other pages. */
export interface Page {
  /** Runs a function in the page. It is taken as text: it knows nothing but its argument and the page's globals. */
  evaluate<R>(fn: () => R | Promise<R>): Promise<R>
  evaluate<R, A>(fn: (argument: A) => R | Promise<R>, argument: A): Promise<R>
  /** Goes to another URL in the same tab; resolves when it has loaded. */
  goto(url: string): Promise<void>
  /** Goes back, as the button does. What runs in the page until then fails: look again. */
  back(): Promise<void>
  close(): Promise<void>
}

/** A browser that was started. */
export interface Browser {
  /** Opens a page; resolves when it has loaded. */
  open(url: string): Promise<Page>
  /** Ends its process. */
  close(): Promise<void>
}

/** A browser to test in: where it is on this machine, if it is, and how it is started. */
export interface Candidate {
  readonly name: string
  readonly path: string | undefined
  start(path: string): Promise<Browser>
}

/** Both browsers, each through the driver that can drive Debian's build of it. */
export const candidates: readonly Candidate[] = [
  { name: 'Chromium', path: needs('chromium'), start: startChromium },
  { name: 'Firefox', path: needs('firefox'), start: startFirefox },
]

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

async function startChromium(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: chromiumFlags,
    // People's browsers have the back/forward cache.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
  return {
    async open(url) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      return {
        evaluate: <R, A>(fn: (argument: A) => R | Promise<R>, argument?: A) =>
          page.evaluate(fn as never, argument) as Promise<R>,
        goto: async (next) => void (await page.goto(next)),
        back: () => page.evaluate(goBack),
        close: () => context.close(),
      }
    },
    close: () => browser.close(),
  }
}

/** Over WebDriver BiDi. */
async function startFirefox(executablePath: string): Promise<Browser> {
  const userDataDir = mkdtempSync(join(tmpdir(), 'fairlead-firefox-'))
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, userDataDir })
  const inTurn = queue()
  // A tab that is made while another one goes may be gone before it is named (`no such frame`).
  const newPage = () =>
    inTurn(async () => {
      const context = await browser.createBrowserContext()
      const page = await context.newPage().catch(() => context.newPage())
      return { context, page }
    })
  return {
    async open(url) {
      const { context, page } = await newPage()
      await page.goto(url)
      return {
        evaluate: <R, A>(fn: (argument: A) => R | Promise<R>, argument?: A) =>
          page.evaluate(fn as never, argument as never) as Promise<R>,
        goto: async (next) => void (await page.goto(next)),
        back: () => page.evaluate(goBack),
        close: () => inTurn(() => context.close()),
      }
    },
    async close() {
      await browser.close()
      rmSync(userDataDir, { recursive: true, force: true })
    },
  }
}

/** Runs in the page. Drivers' own ways back wait for a `load` that a page out of the back/forward cache has not. */
function goBack(): void {
  setTimeout(() => history.back())
}

/** Does one task at a time. */
function queue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const next = last.then(task)
    last = next.catch(() => {})
    return next
  }
}
