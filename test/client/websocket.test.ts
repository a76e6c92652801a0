import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { encodeBinaryMessage } from '../../src/protocol/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type FakeServer, type FakeSocket, hasty, startFakeServer, until } from './fake-server.ts'

let server: FakeServer
let client: Client

beforeEach(async () => {
  server = await startFakeServer()
})

afterEach(async () => {
  client.close()
  await server.close()
})

/** A client on a WebSocket that has shaken hands and said hello. */
async function open(options: ConnectOptions = {}): Promise<FakeSocket> {
  client = connect(server.url, { transport: 'websocket', clock: hasty, ...options })
  client.channel('orders').open()
  const socket = await server.socket()
  socket.say({ op: 'heartbeat', everyMs: 25_000 })
  return socket
}

const tick = (id: string, channel = 'orders') => ({
  op: 'event',
  channel,
  id,
  event: 'tick',
  data: id,
  time: 1,
})

describe('over WebSocket', () => {
  it('one connection follows each channel from its own position', async () => {
    const seen: unknown[] = []
    const socket = await open()
    client.channel('orders').on('*', (data) => seen.push(data))
    expect(socket.url.pathname).toBe('/live')
    expect(socket.ws.protocol).toBe('fairlead.v1.json')
    expect(await socket.subscribe('k.1')).toEqual({ op: 'subscribe', ref: 1, channel: 'orders' })
    socket.say(tick('k.2'))
    await until(() => seen.length === 1)
    client.channel('stock', { last: 5 }).open()
    expect(await socket.subscribe('k.7')).toMatchObject({ channel: 'stock', last: 5 })
    socket.ws.terminate()
    const again = await server.socket()
    again.say({ op: 'heartbeat', everyMs: 25_000 })
    expect(await again.hear('subscribe')).toMatchObject({ channel: 'orders', after: 'k.2' })
    expect(await again.hear('subscribe')).toMatchObject({ channel: 'stock', after: 'k.7' })
  })

  it('a closed channel is followed no more', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    client.channel('stock').open()
    await socket.subscribe('k.1')
    client.channel('orders').close()
    const asked = await socket.hear('unsubscribe')
    expect(asked.channel).toBe('orders')
    socket.say({ op: 'ok', ref: asked.ref })
  })

  it('a heartbeat’s id moves every channel, an event’s id its own', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    const stock = client.channel('stock').open()
    await socket.subscribe('k.1')
    socket.say(tick('k.5'))
    await until(() => client.channel('orders').position === 'k.5')
    expect(stock.position).toBe('k.1')
    socket.say({ op: 'heartbeat', everyMs: 25_000, id: 'k.6' })
    await until(() => stock.position === 'k.6')
  })

  it('bytes travel as they are, both ways', async () => {
    const seen: unknown[] = []
    const socket = await open()
    client.channel('orders').on('*', (data) => seen.push(data))
    await socket.subscribe('k.1')
    const { data: _, ...header } = tick('k.2')
    socket.ws.send(encodeBinaryMessage(JSON.stringify(header), Uint8Array.of(0, 1, 255)))
    await until(() => seen.length === 1)
    expect(seen).toEqual([Uint8Array.of(0, 1, 255)])
    const sent = client.channel('orders').send('blob', Uint8Array.of(9, 8))
    const send = await socket.hear('send')
    expect(send).toMatchObject({ channel: 'orders', event: 'blob' })
    expect([...send.bytes!]).toEqual([9, 8])
    expect('data' in send).toBe(false)
    socket.say({ op: 'ok', ref: send.ref, id: 'k.3', durability: 'memory' })
    expect(await sent).toEqual({ id: 'k.3', durability: 'memory' })
  })

  it('a refused channel is told; the others go on', async () => {
    const errors: unknown[] = []
    const socket = await open()
    client.channel('orders').onError((error) => errors.push(error))
    const { ref } = await socket.hear('subscribe')
    socket.say({ op: 'error', ref, code: 'forbidden', message: 'No.' })
    await until(() => errors.length === 1)
    expect(errors).toMatchObject([{ code: 'forbidden' }])
    client.channel('stock').open()
    expect(await socket.hear('subscribe')).toMatchObject({ channel: 'stock' })
  })

  it('a subscribe that fails for now ends the stream, to be tried again', async () => {
    const socket = await open()
    const { ref } = await socket.hear('subscribe')
    socket.say({ op: 'error', ref, code: 'unavailable', message: 'The log is away.', retry: true })
    await socket.closed
    await server.socket()
    expect(client.state.transport).toBeUndefined()
  })

  it('a subscribe that is never answered is a lost connection', async () => {
    const clock = simulatedClock()
    const socket = await open({ clock })
    await socket.hear('subscribe')
    await until(() => client.state.phase === 'open')
    clock.advance(10_000)
    await socket.closed
    expect(client.state.reason).toContain('subscribe')
  })

  it('what is no message ends the connection', async () => {
    const socket = await open()
    socket.ws.send('{')
    await socket.closed
    await server.socket()
  })

  it.each([
    [4000, 'bad_message'],
    [4001, 'forbidden'],
    [4002, 'forbidden'],
    [1008, 'bad_message'],
  ])('close code %d is the end, with a reason', async (code, error) => {
    const socket = await open({ transport: ['websocket', 'sse'] })
    await socket.subscribe('k.1')
    client.channel('orders').onError(() => {})
    socket.ws.close(code, 'why')
    await until(() => client.state.phase === 'closed')
    expect(client.state).toMatchObject({
      reason: expect.stringContaining(`${code} why`),
      error: { code: error },
    })
  })

  it.each([4100, 4101, 4102, 4103, 1011, 1001])(
    'close code %d is not: it comes back by WebSocket',
    async (code) => {
      const socket = await open({ transport: ['websocket', 'sse'] })
      await socket.subscribe('k.1')
      socket.ws.close(code)
      await server.socket()
    },
  )

  it('a bye says when to come back', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    socket.say({ op: 'bye', reason: 'drain', retryMs: 40 })
    await until(() => client.state.phase === 'waiting')
    expect(client.state.retryMs).toBeGreaterThanOrEqual(40)
    expect(client.state.reason).toBe('drain')
    await server.socket()
  })
})

describe('a token on a WebSocket', () => {
  it('is said first; nothing else before it is taken', async () => {
    const socket = await open({ token: 'secret' })
    const auth = await socket.hear('auth')
    expect(auth.token).toBe('secret')
    socket.say({ op: 'ok', ref: auth.ref })
    expect(await socket.hear('subscribe')).toMatchObject({ channel: 'orders' })
  })

  it('that is refused is got anew once', async () => {
    let tokens = 0
    const socket = await open({ token: async () => `token ${++tokens}` })
    const first = await socket.hear('auth')
    socket.say({ op: 'error', ref: first.ref, code: 'invalid_token', message: 'Expired.' })
    const second = await socket.hear('auth')
    expect([first.token, second.token]).toEqual(['token 1', 'token 2'])
    client.channel('orders').onError(() => {})
    socket.say({ op: 'error', ref: second.ref, code: 'invalid_token', message: 'Expired.' })
    await until(() => client.state.phase === 'closed')
    expect(client.state).toMatchObject({ reason: 'Expired.', error: { code: 'invalid_token' } })
  })
})

describe('parting with a WebSocket', () => {
  it('for good is a goodbye: 1000', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    client.close()
    expect(await socket.closed).toBe(1000)
  })

  it('for another stream is none: the same client is still there', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    await until(() => client.channel('orders').position === 'k.1')
    const used = client.use('sse')
    const stream = await server.request()
    expect(stream.query.get('channel')).toBe('orders@k.1')
    stream.stream('k.1')
    await used
    expect(await socket.closed).toBe(3000)
  })

  it('waits for the answers to what was sent, which spares the handlers a second run', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    const sent = client.channel('orders').send('order', 1)
    const { ref } = await socket.hear('send')
    const used = client.use('sse')
    ;(await server.request()).stream('k.1')
    await used
    expect(socket.ws.readyState).toBe(socket.ws.OPEN)
    socket.say({ op: 'ok', ref, id: 'k.2' })
    expect(await sent).toEqual({ id: 'k.2' })
    expect(await socket.closed).toBe(3000)
  })

  it('but not for ever: then they go again by their keys', async () => {
    const clock = simulatedClock()
    const socket = await open({ clock })
    await socket.subscribe('k.1')
    const sent = client.channel('orders').send('order', 1)
    const { key } = await socket.hear('send')
    const used = client.use('sse')
    ;(await server.request()).stream('k.1')
    await used
    clock.advance(5_000)
    expect(await socket.closed).toBe(3000)
    const post = await server.request()
    expect(JSON.parse(post.body)).toMatchObject([{ op: 'send', event: 'order', data: 1, key }])
    post.json([{ op: 'ok', ref: 0, id: 'k.2' }])
    expect(await sent).toEqual({ id: 'k.2' })
  })
})

describe('sends on a WebSocket', () => {
  it('carry the number of their batch; one that failed for now goes again in another', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    const orders = client.channel('orders')
    const answers = [orders.send('a', 1, { tag: 't' }), orders.send('b', 2, { after: 'k.1' })]
    const first = await socket.hear('send')
    const second = await socket.hear('send')
    expect([first.batch, second.batch]).toEqual([1, 1])
    expect([first.tag, second.after]).toEqual(['t', 'k.1'])
    socket.say({ op: 'error', ref: first.ref, code: 'busy', message: 'Later.', retry: true })
    socket.say({ op: 'error', ref: second.ref, code: 'skipped', message: 'Behind it.', retry: true })
    const again = [await socket.hear('send'), await socket.hear('send')]
    expect(again.map(({ batch, event, key }) => [batch, event, key])).toEqual([
      [2, 'a', first.key],
      [2, 'b', second.key],
    ])
    for (const { ref } of again) socket.say({ op: 'ok', ref, data: ref })
    expect(await Promise.all(answers)).toEqual(again.map(({ ref }) => ({ data: ref })))
  })

  it('that a cut left without an answer go again before newer ones, by POST while there is no WebSocket', async () => {
    const socket = await open()
    await socket.subscribe('k.1')
    const orders = client.channel('orders')
    const first = orders.send('a', 1)
    const { key } = await socket.hear('send')
    const second = orders.send('b', 2)
    socket.ws.terminate()
    const again = await server.request()
    const sends: unknown[] = JSON.parse(again.body)
    expect(sends).toMatchObject([
      { event: 'a', key },
      { event: 'b', ref: 1 },
    ])
    again.json(sends.map((_, ref) => ({ op: 'ok', ref, id: `k.${ref}` })))
    expect(await Promise.all([first, second])).toEqual([{ id: 'k.0' }, { id: 'k.1' }])
  })
})
