import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { type FakeServer, hasty, startFakeServer, until } from './fake-server.ts'

let server: FakeServer
let client: Client

beforeEach(async () => {
  server = await startFakeServer()
})

afterEach(async () => {
  client.close()
  await server.close()
})

function open(options: ConnectOptions = {}): Client {
  client = connect(server.url, { transport: 'sse', clock: hasty, ...options })
  return client
}

const tick = (id: string, data: unknown = id) => ({
  op: 'event',
  channel: 'orders',
  id,
  event: 'tick',
  data,
  time: 1,
})

describe('over SSE', () => {
  it('one request asks for all channels, as envelopes', async () => {
    open({ headers: { 'x-app': 'shop' }, credentials: 'include' })
    client.channel('orders').open()
    client.channel('chat/7').open()
    const stream = await server.request()
    expect(stream.path).toBe('/live')
    expect([...stream.query]).toEqual([
      ['channel', 'orders'],
      ['channel', 'chat/7'],
      ['format', 'envelope'],
    ])
    expect(stream.headers).toMatchObject({ accept: 'text/event-stream', 'x-app': 'shop' })
  })

  it('events are handed out with what is known of them, and resume after a cut', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders').on('tick', (data, meta) => seen.push([data, meta]))
    const first = (await server.request()).stream('k.1')
    first.say({ ...tick('k.2', { total: 7 }), tag: 'a' })
    await until(() => seen.length === 1)
    expect(seen).toEqual([[{ total: 7 }, { channel: 'orders', id: 'k.2', event: 'tick', time: 1, tag: 'a' }]])
    first.response.destroy()
    const second = await server.request()
    expect([...second.query]).toEqual([
      ['channel', 'orders@k.2'],
      ['format', 'envelope'],
    ])
    second.stream('k.2').say(tick('k.2'))
    second.say(tick('k.3'))
    await until(() => seen.length === 2)
    expect(client.channel('orders').position).toBe('k.3')
  })

  it('however the bytes are cut, with any line end, and any character inside the data', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders').on('*', (data) => seen.push(data))
    const { response } = (await server.request()).stream('k.1')
    const text = 'ä\u2028\u{1f984} data: x'
    const block = `id: k.2\r\ndata:${JSON.stringify(tick('k.2', text))}\r\n\r\n: a comment\nunknown: field\n`
    for (const byte of Buffer.from(block)) response.write(Uint8Array.of(byte))
    await until(() => seen.length === 1)
    expect(seen).toEqual([text])
  })

  it('bytes come as bytes', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders').on('*', (data) => seen.push(data))
    const stream = (await server.request()).stream('k.1')
    stream.say({ ...tick('k.2'), data: undefined, bytes: 'AAH/' })
    await until(() => seen.length === 1)
    expect(seen).toEqual([Uint8Array.of(0, 1, 255)])
  })

  it('a bye is kept to: back on the same transport, when the server said', async () => {
    open({ transport: ['sse', 'websocket', 'long-poll'] })
    client.channel('orders').open()
    const first = (await server.request()).stream('k.1')
    first.say({ op: 'bye', reason: 'drain', retryMs: 40 })
    first.response.end()
    await until(() => client.state.phase === 'waiting')
    expect(client.state.reason).toBe('drain')
    expect(client.state.retryMs).toBeGreaterThanOrEqual(40)
    const second = await server.request()
    expect(second.headers.accept).toBe('text/event-stream')
  })

  it('retry names the window from which reconnects back off', async () => {
    open({ clock: { ...hasty, random: () => 0.5 } })
    client.channel('orders').open()
    const { response } = (await server.request()).stream('k.1')
    response.end('retry: 24000\n\n')
    await until(() => client.state.phase === 'waiting')
    expect(client.state.retryMs).toBe(12_000)
  })

  it.each([502, 404, 403])('a %d that is not Fairlead’s own is no end', async (status) => {
    open()
    client.channel('orders').open()
    const { response } = await server.request()
    response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
    ;(await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
  })

  it('Retry-After is kept to', async () => {
    open()
    client.channel('orders').open()
    const { response } = await server.request()
    response.writeHead(503, { 'retry-after': '3' }).end()
    await until(() => client.state.phase === 'waiting')
    expect(client.state.retryMs).toBeGreaterThanOrEqual(3_000)
  })

  it('a refusal of the request closes the client with its reason', async () => {
    open({ transport: ['sse', 'websocket'] })
    const errors: unknown[] = []
    client.channel('orders').onError((error) => errors.push(error))
    client.channel('orders').open()
    ;(await server.request()).problem(400, 'unknown_parameter')
    await until(() => client.state.phase === 'closed')
    expect(client.state).toMatchObject({
      reason: 'Refused: unknown_parameter.',
      error: { code: 'unknown_parameter' },
    })
    expect(errors).toEqual([client.state.error])
  })

  it('a refusal of the channels is theirs', async () => {
    open()
    const errors: unknown[] = []
    client.channel('secret').onError((error) => errors.push(error))
    client.channel('secret').open()
    ;(await server.request()).problem(403, 'forbidden')
    await until(() => errors.length === 1)
    expect(errors).toMatchObject([{ name: 'FairleadError', code: 'forbidden' }])
    await until(() => client.state.phase === 'idle')
  })

  it('a channel that may not be read leaves the others alone', async () => {
    open()
    const errors: unknown[] = []
    const seen: unknown[] = []
    client.channel('secret').onError((error) => errors.push(error))
    client.channel('secret').open()
    client.channel('orders').on('*', (data) => seen.push(data))
    const stream = (await server.request()).stream('k.1')
    stream.say({ op: 'denied', channel: 'secret', code: 'forbidden' })
    stream.say(tick('k.2'))
    await until(() => seen.length === 1)
    expect(errors).toMatchObject([{ code: 'forbidden' }])
  })

  it('a 200 of a proxy that is no event stream is a lost connection', async () => {
    open({ transport: ['sse', 'long-poll'] })
    client.channel('orders').open()
    const page = await server.request()
    page.response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in to the hotel</h1>')
    const poll = await server.request()
    expect(poll.headers.accept).toBe('application/json')
  })

  it('a line without end is given up', async () => {
    open()
    client.channel('orders').open()
    const { response } = (await server.request()).stream('k.1')
    const chunk = 'x'.repeat(256 * 1024)
    for (let n = 0; n < 6; n++) response.write(chunk)
    await server.request()
  })

  it('closing ends the request', async () => {
    open()
    client.channel('orders').open()
    const stream = (await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
    client.close()
    await stream.over
  })
})

describe('a new channel beside others', () => {
  it('is placed first, so that the first cut loses nothing of it', async () => {
    open()
    client.channel('orders', { after: 'k.5' }).open()
    ;(await server.request()).stream('k.5')
    await until(() => client.state.phase === 'open')
    const seen: unknown[] = []
    client.channel('stock', { last: 2 }).on('*', (data) => seen.push(data))
    const place = await server.request()
    expect([...place.query]).toEqual([
      ['channel', 'stock'],
      ['last', '2'],
    ])
    expect(place.headers.accept).toBe('application/json')
    const event = { ...tick('k.8', 8), channel: 'stock' }
    place.json({ events: [event], position: 'k.9', more: false })
    const stream = await server.request()
    expect(stream.query.getAll('channel')).toEqual(['orders@k.5', 'stock@k.9'])
    expect(seen).toEqual([8])
  })

  it('that may not be read is left for the stream to say so', async () => {
    open()
    client.channel('orders', { after: 'k.5' }).open()
    ;(await server.request()).stream('k.5')
    await until(() => client.state.phase === 'open')
    client.channel('secret').onError(() => {})
    client.channel('secret').open()
    ;(await server.request()).problem(403, 'forbidden')
    expect((await server.request()).query.getAll('channel')).toEqual(['orders@k.5', 'secret'])
  })

  it('several that start now leave it to the server', async () => {
    open()
    client.channel('a').open()
    client.channel('b').open()
    expect((await server.request()).query.getAll('channel')).toEqual(['a', 'b'])
  })

  it('alone starts where it asks, in one request', async () => {
    open()
    client.channel('a', { after: 'earliest' }).open()
    expect([...(await server.request()).query]).toEqual([
      ['channel', 'a'],
      ['after', 'earliest'],
      ['format', 'envelope'],
    ])
  })
})
