import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, type ClientState, type ConnectOptions, connect } from '../../src/client/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type Exchange, type FakeServer, hasty, startFakeServer, until } from './fake-server.ts'

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

describe('a client', () => {
  it.each([['telepathy'], [[]], [['sse', 'telepathy']]])('cannot use %j', async (transport) => {
    expect(() => connect(server.url, { transport: transport as never })).toThrow(TypeError)
    open()
    await expect(client.use(transport as never)).rejects.toThrow(TypeError)
  })

  it('tells each change of its state until it is told not to', async () => {
    open()
    const phases: string[] = []
    const off = client.onState(({ phase }: ClientState) => phases.push(phase))
    client.channel('orders').open()
    ;(await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
    off()
    client.close()
    expect(phases).toEqual(['connecting', 'open'])
  })

  it('closes with its signal, at once or later', async () => {
    const aborter = new AbortController()
    open({ signal: aborter.signal })
    const orders = client.channel('orders').events()
    await server.request()
    aborter.abort()
    expect(client.state).toMatchObject({ phase: 'closed', reason: 'The client was closed.' })
    expect(await orders.next()).toEqual({ value: undefined, done: true })
    expect(connect(server.url, { signal: aborter.signal }).state.phase).toBe('closed')
  })

  it('closed, leaves no timer and sends no more', async () => {
    const clock = simulatedClock()
    open({ clock, presence: true })
    client.channel('orders').open()
    ;(await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
    const sent = expect(client.channel('orders').send('a', 1)).rejects.toMatchObject({ code: 'unavailable' })
    await server.request()
    client.close()
    await sent
    ;(await server.request()).response.writeHead(204).end()
    await until(() => clock.pending === 0)
    await expect(client.channel('orders').send('a', 1)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a send without a WebSocket', () => {
  it('is a POST of a batch, and needs no right to read', async () => {
    open({ token: 'secret' })
    const answers = [
      client.channel('chat/7').send('say', { text: 'ä' }, { tag: 't', after: 'k.1', key: 'mine' }),
      client.channel('chat/7').send('blob', Uint8Array.of(0, 1, 255)),
    ]
    const post = await server.request()
    expect([post.method, post.path]).toEqual(['POST', '/live'])
    expect(post.headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer secret' })
    const [first, second] = JSON.parse(post.body)
    expect(first).toEqual({
      op: 'send',
      ref: 0,
      channel: 'chat/7',
      event: 'say',
      key: 'mine',
      after: 'k.1',
      tag: 't',
      data: { text: 'ä' },
    })
    expect(second).toMatchObject({ ref: 1, event: 'blob', bytes: 'AAH/', key: expect.any(String) })
    post.json([
      { op: 'ok', ref: 0, id: 'k.2', durability: 'memory' },
      { op: 'error', ref: 1, code: 'forbidden', message: 'No.' },
    ])
    expect(await answers[0]).toEqual({ id: 'k.2', durability: 'memory' })
    await expect(answers[1]).rejects.toMatchObject({
      name: 'FairleadError',
      code: 'forbidden',
      message: 'No.',
    })
  })

  it('is refused here where it would end a connection', async () => {
    open()
    const chat = client.channel('chat/7')
    await expect(chat.send('say', 'x'.repeat(256 * 1024))).rejects.toMatchObject({
      code: 'payload_too_large',
    })
    await expect(chat.send('say', 'ä'.repeat(130 * 1024))).rejects.toMatchObject({
      code: 'payload_too_large',
    })
    await expect(chat.send('say', new Uint8Array(256 * 1024 + 1))).rejects.toMatchObject({
      code: 'payload_too_large',
    })
    await expect(chat.send('say', undefined)).rejects.toMatchObject({ code: 'invalid_json' })
  })

  it('is sent as it was when it was handed over', async () => {
    open()
    const bytes = Uint8Array.of(1, 2, 3)
    const text = { n: 1 }
    void client
      .channel('chat/7')
      .send('blob', bytes)
      .catch(() => {})
    void client
      .channel('chat/7')
      .send('say', text)
      .catch(() => {})
    bytes.fill(9)
    text.n = 9
    const post = await server.request()
    expect(JSON.parse(post.body)).toMatchObject([{ bytes: 'AQID' }, { data: { n: 1 } }])
  })

  it('that the server cannot take now goes again when it says, with the same key', async () => {
    const clock = simulatedClock()
    open({ clock })
    const sent = client.channel('chat/7').send('say', 1)
    const first = await server.request()
    first.problem(503, 'draining', { 'retry-after': '2' })
    let second: Exchange | undefined
    void server.request().then((request) => {
      second = request
    })
    const askedAt = clock.now()
    await until(() => {
      clock.advance(10)
      return second !== undefined
    })
    expect(clock.now() - askedAt).toBeGreaterThanOrEqual(2_000)
    expect(JSON.parse(second!.body)[0].key).toBe(JSON.parse(first.body)[0].key)
    second!.json([{ op: 'ok', ref: 0 }])
    expect(await sent).toEqual({})
  })
})

describe('a token', () => {
  it('is got anew at each connect', async () => {
    let tokens = 0
    open({ token: async () => `token ${++tokens}` })
    client.channel('orders').open()
    const first = await server.request()
    expect(first.headers.authorization).toBe('Bearer token 1')
    first.response.destroy()
    expect((await server.request()).headers.authorization).toBe('Bearer token 2')
  })

  it('that is refused is got anew once, whatever it was for', async () => {
    let tokens = 0
    open({ token: () => `token ${++tokens}` })
    const members = expect(client.channel('orders').members()).rejects.toThrow('Refused: invalid_token.')
    ;(await server.request()).problem(401, 'invalid_token')
    const second = await server.request()
    expect(second.headers.authorization).toBe('Bearer token 2')
    second.problem(401, 'invalid_token')
    await members
  })

  it('that stays refused closes the client', async () => {
    open({ token: () => 'stale' })
    client.channel('orders').onError(() => {})
    client.channel('orders').open()
    ;(await server.request()).problem(401, 'invalid_token')
    ;(await server.request()).problem(401, 'invalid_token')
    await until(() => client.state.phase === 'closed')
    expect(client.state.error).toMatchObject({ code: 'invalid_token' })
  })
})

describe('presence', () => {
  it('names this client on every stream; over SSE it says every 30 s that it is there', async () => {
    const clock = simulatedClock()
    open({ clock, presence: true, clientId: 'me-and-only-me' })
    expect(client.id).toBe('me-and-only-me')
    client.channel('lobby').open()
    const stream = await server.request()
    expect(stream.query.get('client')).toBe('me-and-only-me')
    stream.stream('k.1', 100_000)
    await until(() => client.state.phase === 'open')
    for (let beats = 0; beats < 2; beats++) {
      clock.advance(30_000)
      const alive = await server.request()
      expect([alive.method, alive.path]).toEqual(['POST', '/live/_presence'])
      expect(JSON.parse(alive.body)).toEqual({ op: 'alive', client: 'me-and-only-me', channels: ['lobby'] })
      alive.response.writeHead(204).end()
    }
    client.close()
    expect(JSON.parse((await server.request()).body)).toMatchObject({ op: 'leave', channels: ['lobby'] })
  })

  it('on a WebSocket says so with each subscribe, and in the URL', async () => {
    open({ transport: 'websocket', presence: true })
    client.channel('lobby').open()
    const socket = await server.socket()
    expect(socket.url.searchParams.get('client')).toBe(client.id)
    expect(client.id).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
    expect(await socket.hear('subscribe')).toMatchObject({ client: client.id })
  })

  it('is kept through a change of transport', async () => {
    open({ presence: true })
    client.channel('lobby').open()
    ;(await server.request()).stream('k.1')
    await until(() => client.state.phase === 'open')
    const used = client.use('long-poll')
    const poll = await server.request()
    expect(poll.query.get('client')).toBe(client.id)
    poll.json({ events: [], position: 'k.1', more: false })
    await used
    // The next that is heard is the poll, and no goodbye of the SSE stream.
    expect((await server.request()).query.get('wait')).toBe('25')
  })
})
