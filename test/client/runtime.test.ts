import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Client,
  type ConnectOptions,
  connect,
  type WebSocketConstructor,
} from '../../src/client/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type FakeServer, hasty, startFakeServer, until } from './fake-server.ts'
import { settle } from './scripted-link.ts'

let server: FakeServer
let client: Client

beforeEach(async () => {
  server = await startFakeServer()
})

afterEach(async () => {
  client.close()
  vi.unstubAllGlobals()
  await server.close()
})

function open(options: ConnectOptions = {}): Client {
  client = connect(server.url, { clock: hasty, ...options })
  return client
}

const hello = { op: 'heartbeat', everyMs: 25_000 }

describe('where there is no DOM', () => {
  it('nothing of one is missed', () => {
    expect([typeof document, typeof window, typeof EventSource]).toEqual([
      'undefined',
      'undefined',
      'undefined',
    ])
    expect(open().state.phase).toBe('idle')
  })

  it('in Node the package `ws` stands in for a WebSocket that is not there', async () => {
    vi.stubGlobal('WebSocket', undefined)
    open({ transport: 'websocket' })
    client.channel('orders').open()
    ;(await server.socket()).say(hello)
    await until(() => client.state.transport === 'websocket')
  })

  it('a WebSocket that is given is taken before any other', async () => {
    const urls: string[] = []
    class Mine {
      binaryType = ''
      onopen = null
      onmessage = null
      onerror = null
      onclose = null
      constructor(url: string, protocols: string[]) {
        urls.push(url, ...protocols)
      }
      send() {}
      close() {}
    }
    open({ transport: 'websocket', WebSocket: Mine satisfies WebSocketConstructor })
    client.channel('orders').open()
    await until(() => urls.length > 0)
    expect(urls).toEqual([server.url.replace('http', 'ws'), 'fairlead.v1.json'])
  })

  it('one that throws is passed over', async () => {
    class Forbidden {
      constructor() {
        throw new SyntaxError('not on this page')
      }
    }
    open({ transport: ['websocket', 'sse'], WebSocket: Forbidden as never })
    client.channel('orders').open()
    ;(await server.request()).stream('k.1')
    await until(() => client.state.transport === 'sse')
  })
})

describe('where fetch cannot stream, as on React Native', () => {
  /** Its answer is there when it is whole, and has no body that could be read as a stream. */
  const wholeFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const text = await response.text()
    const whole = new Response(text, { status: response.status, headers: response.headers })
    Object.defineProperty(whole, 'body', { value: undefined })
    return whole
  }

  it('SSE gives way to WebSocket after 5 s', async () => {
    const clock = simulatedClock()
    open({ fetch: wholeFetch, clock })
    client.channel('orders').open()
    const stream = (await server.request()).stream('k.1')
    clock.advance(5_000)
    await stream.over
    ;(await server.socket()).say(hello)
    await until(() => client.state.transport === 'websocket')
  })

  it('and at once where the answer comes without a body', async () => {
    open({ fetch: wholeFetch, transport: ['sse', 'long-poll'] })
    client.channel('orders').open()
    ;(await server.request()).stream('k.1').response.end()
    const poll = await server.request()
    expect(poll.headers.accept).toBe('application/json')
    poll.json({ events: [], position: 'k.1', more: false })
    await until(() => client.state.transport === 'long-poll')
  })
})

describe('on a page', () => {
  /** Enough of a page for the client: three targets of events. */
  function stubPage() {
    const window = new EventTarget()
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
    const connection = new EventTarget()
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
    vi.stubGlobal('document', document)
    vi.stubGlobal('navigator', { connection })
    return { window, document, connection }
  }

  it('a relative URL is that of its own origin', async () => {
    vi.stubGlobal('location', new URL(server.url))
    client = connect('/live/', { transport: 'sse' })
    client.channel('orders').open()
    expect((await server.request()).path).toBe('/live')
  })

  it.each(['online', 'change'])('`%s` opens a new stream at once, beside the old', async (type) => {
    const { window, connection } = stubPage()
    open({ transport: 'sse' })
    client.channel('orders').open()
    const first = (await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
    ;(type === 'online' ? window : connection).dispatchEvent(new Event(type))
    const second = await server.request()
    expect(first.response.destroyed).toBe(false)
    second.stream('k.1')
    await first.over
  })

  it.each(['pageshow', 'resume', 'visibilitychange'])('`%s` ends the wait for a reconnect', async (type) => {
    const { window, document } = stubPage()
    const clock = simulatedClock()
    open({ transport: 'sse', clock })
    client.channel('orders').open()
    ;(await server.request()).response.destroy()
    await until(() => client.state.phase === 'waiting')
    ;(type === 'pageshow' ? window : document).dispatchEvent(new Event(type))
    await server.request()
  })

  it('hidden pages are left alone', async () => {
    const { document } = stubPage()
    const clock = simulatedClock()
    open({ transport: 'sse', clock })
    client.channel('orders').open()
    ;(await server.request()).response.destroy()
    await until(() => client.state.phase === 'waiting')
    document.visibilityState = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    await settle()
    expect(client.state.phase).toBe('waiting')
  })

  it('`pagehide` closes the stream, `pageshow` goes on from the position', async () => {
    const { window } = stubPage()
    open({ transport: 'sse' })
    client.channel('orders').open()
    const first = (await server.request()).stream('k.7')
    await until(() => client.state.phase === 'open')
    window.dispatchEvent(new Event('pagehide'))
    await first.over
    window.dispatchEvent(new Event('pageshow'))
    expect((await server.request()).query.get('channel')).toBe('orders@k.7')
  })

  it('a closed client listens to nothing', async () => {
    const { window, document, connection } = stubPage()
    const listening = new Map<string, AbortSignal>()
    for (const target of [window, document, connection]) {
      const { addEventListener } = target
      target.addEventListener = (type, listener, options) => {
        listening.set(type, (options as { signal: AbortSignal }).signal)
        addEventListener.call(target, type, listener, options)
      }
    }
    vi.stubGlobal('addEventListener', window.addEventListener)
    open({ transport: 'sse' })
    const types = ['change', 'online', 'pagehide', 'pageshow', 'resume', 'visibilitychange']
    expect([...listening.keys()].toSorted()).toEqual(types)
    client.close()
    expect([...listening.values()].every(({ aborted }) => aborted)).toBe(true)
  })
})
