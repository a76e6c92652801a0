import { expect } from 'vitest'
import type { Page } from './driver.ts'
import { upTo } from './numbered.ts'
import { seen } from './stage.ts'

/** One event as an `EventSource` dispatched it. `open` and `error` are noted too, without data. */
export interface Dispatched {
  readonly type: string
  readonly data?: string
  /** `lastEventId`. */
  readonly id?: string
}

interface ListenRequest {
  readonly url: string
  readonly names: readonly string[]
  readonly withCredentials: boolean
}

declare global {
  interface Window {
    source: EventSource
    dispatched: Dispatched[]
  }
}

/** What Fairlead itself says on a plain stream. */
const own = ['$heartbeat', '$reset', '$bye', '$denied'] as const

/** A page's native `EventSource`, with everything that it dispatched. */
export class NativeEventSource {
  readonly #page: Page

  /** Opens one in the page and listens for these events, and for Fairlead's own. */
  static async open(
    page: Page,
    url: string,
    names: readonly string[],
    { withCredentials = false } = {},
  ): Promise<NativeEventSource> {
    await page.evaluate(listen, { url, names: [...own, ...names], withCredentials })
    return new NativeEventSource(page)
  }

  private constructor(page: Page) {
    this.#page = page
  }

  /** Everything dispatched so far, in order. */
  all(): Promise<Dispatched[]> {
    return this.#page.evaluate(() => window.dispatched)
  }

  /** 0 connecting, 1 open, 2 closed for good. */
  readyState(): Promise<number> {
    return this.#page.evaluate(() => window.source.readyState)
  }

  /** What was dispatched of one type. */
  async of(type: string): Promise<Dispatched[]> {
    return (await this.all()).filter((one) => one.type === type)
  }

  /** How many of one type were dispatched. */
  count(type: string): Promise<number> {
    return this.#page.evaluate((type) => window.dispatched.filter((one) => one.type === type).length, type)
  }

  /** Waits until so many of a type were dispatched, and answers them. */
  async seen(type: string, count = 1): Promise<Dispatched[]> {
    await seen(
      () => this.count(type),
      (there) => there >= count,
      `${count} × ${type}`,
    )
    return this.of(type)
  }
}

/** The page saw `numbered` 1 to `last`: each at least once, none before the one it follows. */
export async function sawAll(source: NativeEventSource, last: number): Promise<void> {
  const all = await seen(
    async () => (await source.seen('numbered', last)).map(({ data }) => JSON.parse(data!).n as number),
    (some) => some.includes(last),
    `number ${last}`,
  )
  expect([...new Set(all)]).toEqual(upTo(last))
}

function listen({ url, names, withCredentials }: ListenRequest): void {
  const source = new EventSource(url, { withCredentials })
  window.source = source
  window.dispatched = []
  for (const type of ['open', 'error']) source.addEventListener(type, () => window.dispatched.push({ type }))
  for (const name of names) {
    source.addEventListener(name, ({ type, data, lastEventId }) => {
      window.dispatched.push({ type, data, id: lastEventId })
    })
  }
}
