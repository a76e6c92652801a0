import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerOptions } from '../../src/server/options.ts'
import { type Browser, candidates, type Page } from './driver.ts'
import { LastingLog } from './lasting-log.ts'
import { Line, type LineOptions } from './line.ts'
import { Site, type SiteParts } from './site.ts'

/** What one case has opened; all of it is closed with the case. */
export class Stage {
  readonly #browser: Browser
  readonly #pages: Page[] = []
  readonly #closing: (() => Promise<void>)[] = []

  constructor(browser: Browser) {
    this.#browser = browser
  }

  /** Opens a page of a site. What it throws and does not catch fails the case. */
  async open(url: string): Promise<Page> {
    const page = await this.#browser.open(url)
    this.#pages.push(page)
    this.#closing.push(() => page.close())
    return page
  }

  /** A site in development mode, unless other options are given; a function is asked at each start. */
  async site(
    options: ServerOptions | (() => ServerOptions) = { dev: true },
    parts: Omit<SiteParts, 'options'> = {},
  ): Promise<Site> {
    const site = await Site.start({
      options: typeof options === 'function' ? options : () => options,
      ...parts,
    })
    this.#closing.push(() => site.kill())
    return site
  }

  /** A line to a site, which can be cut. */
  async line(site: Site, options?: LineOptions): Promise<Line> {
    const line = await Line.to(site.port, options)
    this.#closing.push(() => line.close())
    return line
  }

  lastingLog(): LastingLog {
    const log = new LastingLog()
    this.#closing.push(() => log.close())
    return log
  }

  /** Closes everything, pages before what they talk to. Answers what the pages threw and did not catch. */
  async close(): Promise<string[]> {
    const uncaught = await Promise.all(
      this.#pages.map((page) => page.evaluate(() => window.uncaught).catch(String)),
    )
    for (const close of this.#closing.reverse()) await close()
    return uncaught.flat()
  }
}

/** One case: it runs in each browser. */
export interface BrowserCase {
  readonly name: string
  /** The one browser that can do it. @default both can */
  readonly only?: 'Chromium' | 'Firefox'
  run(stage: Stage): Promise<void>
}

/** Well above what the slowest case waits for on a busy machine. */
const caseMs = 60_000

/** Runs a table of cases in each browser that there is, which is started once. They mostly wait: they run side by side. */
export function inEachBrowser(about: string, cases: readonly BrowserCase[]): void {
  for (const { name, path, start } of candidates) {
    describe.skipIf(!path).concurrent(`${about} in ${name}`, () => {
      let browser: Browser | undefined
      beforeAll(async () => {
        browser = await start(path!)
      }, 60_000)
      afterAll(() => browser?.close(), 30_000)

      for (const { name: title, only = name, run } of cases) {
        if (only === name) it(title, { timeout: caseMs }, () => play(run, browser!))
      }
    })
  }
}

async function play(run: BrowserCase['run'], browser: Browser): Promise<void> {
  const stage = new Stage(browser)
  let thrown: string[] = []
  try {
    await run(stage)
  } finally {
    thrown = await stage.close()
  }
  expect(thrown).toEqual([])
}

/**
 * Reads a value out of a page until it is good, and answers it. When it never is, the error says what was waited for
 * and what there was.
 */
export async function seen<T>(
  read: () => Promise<T>,
  good: (value: T) => boolean,
  what: string,
  deadlineMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = await read()
    if (good(value)) return value
    if (Date.now() > deadline) {
      throw new Error(`Waited in vain for ${what}. There is: ${JSON.stringify(value)?.slice(0, 2_000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
