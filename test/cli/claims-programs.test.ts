import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createSseDecoder } from '../../src/protocol/index.ts'

/** The four programs of the claims' report whose lines are counted: each must do what the others do. */

interface Dashboard {
  readonly port: number
  readonly muted: ReadonlySet<string>
  publish(event: string, data: unknown): unknown
  close(): unknown
}
interface Page {
  mute(product: string): Promise<unknown>
  close(): void
}
interface Programs {
  startDashboard(): Promise<Dashboard>
  watchDashboard(url: string, show: (event: string, data: unknown) => void): Page
}

const found = globalThis as { EventSource?: unknown; WebSocket?: unknown }
const before = { ...found }

beforeAll(() => {
  found.EventSource ??= PlainEventSource
  found.WebSocket ??= WebSocket
})

afterAll(() => {
  found.EventSource = before.EventSource
  found.WebSocket = before.WebSocket
})

async function load(name: string): Promise<Programs> {
  const of = async (part: string): Promise<object> =>
    (await import(`../../bench/claims/${name}-${part}.mjs`)) as object
  return { ...(await of('server')), ...(await of('page')) } as Programs
}

describe.each(['event-source', 'ws', 'socket-io', 'fairlead'])('the dashboard on %s', (name) => {
  it('shows what is pushed, mutes, and loses and repeats nothing through a cut and a 502', async () => {
    const { startDashboard, watchDashboard } = await load(name)
    const dashboard = await startDashboard()
    const path = await startPath(dashboard.port)
    const shown: (readonly [event: string, data: unknown])[] = []
    const page = watchDashboard(`http://127.0.0.1:${path.port}`, (event, data) => shown.push([event, data]))
    const sent: unknown[] = []
    const push = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const one = [['order', 'stock', 'visitors'][i % 3]!, { n: sent.length }] as const
        sent.push(one)
        await dashboard.publish(...one)
      }
    }
    try {
      // What is pushed before the page is there is not shown.
      await until(async () => {
        await dashboard.publish('visitors', { first: true })
        return shown.length > 0
      })
      const settled = (): boolean => shown.filter(isCounted).length >= sent.length
      await push(5)
      await until(settled)
      await page.mute('anvil')
      expect([...dashboard.muted]).toEqual(['anvil'])
      path.set('cut')
      await push(5)
      path.set('502')
      const refused = path.refused
      await until(() => path.refused > refused)
      await push(5)
      path.set('pass')
      await until(settled)
      expect(shown.filter(isCounted)).toEqual(sent)
    } finally {
      page.close()
      path.close()
      await dashboard.close()
    }
  })
})

/** Not one of those that show when the page is there. */
function isCounted([, data]: readonly [event: string, data: unknown]): boolean {
  return !(data as { first?: true } | undefined)?.first
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error('It did not happen within 15 s.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

type Weather = 'pass' | 'cut' | '502'

/** What lies between: passes bytes, has everything cut, or answers each request with 502. */
async function startPath(target: number) {
  let weather: Weather = 'pass'
  let refused = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    client.on('error', () => client.destroy())
    if (weather === 'cut') {
      client.destroy()
      return
    }
    if (weather === '502') {
      refused++
      client.once('data', () =>
        client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
      )
      return
    }
    const upstream = connect(target, '127.0.0.1')
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    open.add(client)
    client.on('close', () => open.delete(client))
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get refused() {
      return refused
    },
    set(next: Weather) {
      weather = next
      if (next === 'cut') for (const socket of open) socket.destroy()
    },
    close() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

/** As WHATWG HTML 9.2 has it, where the runtime has none: it comes back after a cut, and never after another status. */
class PlainEventSource extends EventTarget {
  static readonly CLOSED = 2
  readyState = 0
  readonly #url: string
  readonly #stop = new AbortController()
  #lastId = ''

  constructor(url: string) {
    super()
    this.#url = url
    void this.#run()
  }

  close(): void {
    this.readyState = PlainEventSource.CLOSED
    this.#stop.abort()
  }

  async #run(): Promise<void> {
    while (this.readyState !== PlainEventSource.CLOSED) {
      try {
        const headers: Record<string, string> = this.#lastId ? { 'last-event-id': this.#lastId } : {}
        const response = await fetch(this.#url, { headers, signal: this.#stop.signal })
        if (response.status !== 200) this.readyState = PlainEventSource.CLOSED
        else await this.#read(response)
      } catch {
        if (this.#stop.signal.aborted) return
      }
      if (this.readyState !== PlainEventSource.CLOSED) this.readyState = 0
      this.dispatchEvent(new Event('error'))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #read(response: Response): Promise<void> {
    this.readyState = 1
    const decoder = createSseDecoder({
      onEvent: ({ event, data, lastEventId }) => {
        this.#lastId = lastEventId
        this.dispatchEvent(new MessageEvent(event, { data, lastEventId }))
      },
    })
    for await (const chunk of response.body ?? []) decoder.push(chunk as Uint8Array)
  }
}
