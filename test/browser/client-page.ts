import type {
  Client,
  ClientState,
  Clock,
  ConnectOptions,
  connect,
  SendAnswer,
  TransportChoice,
  TransportName,
} from '../../src/client/index.ts'
import type { Page } from './driver.ts'
import type { LineOptions } from './line.ts'
import type { Site } from './site.ts'
import { type Stage, seen } from './stage.ts'

/** One call of a listener: of an event, or of a reset as `$reset`. */
export interface Heard {
  readonly channel: string
  readonly event: string
  readonly data: unknown
  readonly id: string | undefined
}

/** How the client of a page connects, as far as it can be told from outside the page. */
export type PageOptions = Pick<ConnectOptions, 'transport' | 'token'>

interface ConnectRequest {
  readonly url: string
  readonly channels: readonly string[]
  readonly options: PageOptions
}

declare global {
  interface Window {
    connect: typeof connect
    client: Client
    heard: Heard[]
    answers: Promise<SendAnswer>[]
  }
}

/** A page with the SDK out of `/live/_client.js`, and everything that its listeners heard. */
export class ClientPage {
  readonly page: Page

  /** Connects, listens to all events of these channels, and waits until all are read: they have a position. */
  static async open(
    page: Page,
    channels: readonly string[],
    options: PageOptions = {},
    url = '/live',
  ): Promise<ClientPage> {
    await page.evaluate(listen, { url, channels, options })
    const client = new ClientPage(page)
    await seen(
      () => page.evaluate((names) => names.map((name) => window.client.channel(name).position), channels),
      (positions) => positions.every((position) => position != null),
      `a position in each of ${channels.join(', ')}`,
    )
    return client
  }

  private constructor(page: Page) {
    this.page = page
  }

  /** Everything heard so far on all channels, in order. */
  heard(): Promise<Heard[]> {
    return this.page.evaluate(() => window.heard)
  }

  /** The numbers heard on a channel, in order, once `last` is among them. */
  async numbers(channel: string, last: number): Promise<number[]> {
    await seen(
      () => this.#newest(channel),
      (newest) => newest !== undefined && newest >= last,
      `number ${last} of ${channel}`,
    )
    const heard = await this.heard()
    const numbered = heard.filter((one) => one.channel === channel && one.event === 'numbered')
    return numbered.map(({ data }) => (data as { n: number }).n)
  }

  /** Waits until the client is in a state. */
  reaches(good: (state: ClientState) => boolean, what: string): Promise<ClientState> {
    return seen(() => this.page.evaluate(() => ({ ...window.client.state })), good, what)
  }

  /** Waits until it reads over this transport. */
  reads(transport: TransportName): Promise<ClientState> {
    return this.reaches((state) => state.transport === transport, `a stream over ${transport}`)
  }

  use(transport: TransportName): Promise<void> {
    return this.page.evaluate((name) => window.client.use(name), transport)
  }

  /** Begins to send; the answers are waited for by `answers`. */
  send(channel: string, event: string, data: readonly unknown[]): Promise<void> {
    return this.page.evaluate(
      ({ channel, event, data }) => {
        for (const one of data) window.answers.push(window.client.channel(channel).send(event, one))
      },
      { channel, event, data },
    )
  }

  /** The answers to all sends so far, in the order of the sends; rejects with the first that was refused. */
  answers(): Promise<SendAnswer[]> {
    return this.page.evaluate(() => Promise.all(window.answers))
  }

  /** The number of the event heard last. */
  #newest(channel: string): Promise<number | undefined> {
    return this.page.evaluate((name) => {
      const last = window.heard.findLast((one) => one.channel === name && one.event === 'numbered')
      return (last?.data as { n: number } | undefined)?.n
    }, channel)
  }
}

/** A site behind a line, and a page of it whose client listens to `orders` and `chat`. */
export async function followOrders(
  stage: Stage,
  transport: TransportChoice,
  site: Site,
  options: LineOptions = {},
) {
  const line = await stage.line(site, { retryMs: 200, ...options })
  const page = await stage.open(`${line.url}/client`)
  return {
    line,
    client: await ClientPage.open(page, ['orders', 'chat'], { transport }),
  }
}

function listen({ url, channels, options }: ConnectRequest): void {
  window.heard = []
  window.answers = []
  const clock: Clock = {
    now: () => Date.now(),
    after(ms, fn) {
      const timer = setTimeout(fn, ms)
      return () => clearTimeout(timer)
    },
    // Tests cut often: of the delays that chance picks, the short ones.
    random: () => Math.random() / 4,
  }
  window.client = window.connect(url, { ...options, clock })
  for (const name of channels) {
    const channel = window.client.channel(name)
    channel.on('*', (data, { event, id }) => window.heard.push({ channel: name, event, data, id }))
    channel.onReset((reset) =>
      window.heard.push({ channel: name, event: '$reset', data: reset, id: reset.latest }),
    )
  }
}
