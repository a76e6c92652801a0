import { request as httpRequest } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { defineChannels } from '../../src/hub/channels.ts'
import { openSocket, openStream, serve, until } from './serve.ts'

/** Something that is waited for, and let go by the test. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Asks, and goes away as soon as the server has begun to work out who asks. */
async function goAway(url: string, begun: Promise<void>): Promise<void> {
  const request = httpRequest(url, { agent: false, headers: { accept: 'text/event-stream' } })
  request.on('error', () => {})
  onTestFinished(() => void request.destroy())
  request.end()
  await begun
  request.destroy()
}

it('a drain that comes while a stream is being opened is told as a stream', async () => {
  const asked = gate()
  const allowed = gate()
  const read = async () => {
    asked.open()
    await allowed.opened
    return true
  }
  const { server, url } = await serve({ channels: { slow: { read } } })
  const opening = openStream(`${url}/slow`)
  await asked.opened
  const closing = server.close()
  const settled = setTimeout(() => allowed.open(), 3_000)
  const stream = await opening
  clearTimeout(settled)
  allowed.open()
  expect(stream.response.statusCode).toBe(200)
  expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  expect((await stream.event('$bye')).data).toContain('drain')
  await closing
})

it('a poll whose reader went away before it was known does not keep its member', async () => {
  const asked = gate()
  const known = gate()
  const channels = defineChannels({ room: { read: 'public', presence: true } })
  const authenticate = async ({ url }: { url: string }) => {
    if (!url.includes('wait=')) return { id: 'ann', admin: true }
    asked.open()
    await known.opened
    return { id: 'bob' }
  }
  const { url } = await serve({ channels, authenticate })
  const members = async () =>
    ((await (await fetch(`${url}/_presence/room`)).json()) as { members: string[] }).members
  await goAway(`${url}/room?wait=1&client=bob-12345678`, asked.opened)
  await members() // The server has read that the poll's socket is gone.
  known.open()
  const socket = await openSocket(`${url}/room?client=bob-12345678`)
  await socket.message('heartbeat')
  expect(await members()).toEqual(['bob-12345678'])
  socket.ws.close(1000)
  const deadline = Date.now() + 5_000
  while ((await members()).length > 0 && Date.now() < deadline);
  expect(await members()).toEqual([])
})

it('an order ends a WebSocket that follows nothing', async () => {
  const authenticate = () => ({ id: 'bob' })
  const { server, url } = await serve({ channels: { room: { read: 'public' } }, authenticate })
  const socket = await openSocket(url)
  await server.disconnect({ user: 'bob' }, 'revoked')
  await until(() => socket.closed !== undefined, 'the close', 3_000)
  expect(socket.closed?.code).toBe(4002)
})

it('credentials that end close a WebSocket that follows nothing', async () => {
  const authenticate = () => ({ id: 'bob', expiresAt: Date.now() + 500 })
  const { url } = await serve({ channels: { room: { read: 'public' } }, authenticate })
  const socket = await openSocket(url)
  await until(() => socket.closed !== undefined, 'the close')
  expect(socket.closed?.code).toBe(4102)
})

it('a stream whose reader went away before it was refused is forgotten', async () => {
  const asked = gate()
  const known = gate()
  const authenticate = async ({ url }: { url: string }) => {
    if (url.includes('_status')) return { id: 'ann', admin: true }
    asked.open()
    await known.opened
    return { id: 'bob' }
  }
  const { url } = await serve({ channels: { room: {} }, authenticate })
  const status = async () => (await fetch(`${url}/_status`)).json() as Promise<{ connections: object }>
  await goAway(`${url}/room`, asked.opened)
  await status() // The server has read that the stream's socket is gone.
  known.open()
  expect((await status()).connections).toEqual({})
})

it('a page without TLS of the own host is a stranger where the request is known to have come over TLS', async () => {
  const { url } = await serve({
    channels: { orders: { read: 'public', send: 'public' } },
    trustProxy: 1,
  })
  const send = async (origin: string, proto: string) => {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      body: '1',
      headers: {
        origin,
        cookie: 'who=ann',
        'content-type': 'application/json',
        'x-forwarded-for': '192.0.2.7',
        'x-forwarded-host': 'shop.example.com',
        'x-forwarded-proto': proto,
      },
    })
    return [response.status, response.headers.get('access-control-allow-origin')]
  }
  const [page, plainPage] = ['https://shop.example.com', 'http://shop.example.com']
  expect(await send(page!, 'https')).toEqual([201, page])
  expect(await send(plainPage!, 'https')).toEqual([403, null])
  expect(await send(plainPage!, 'http')).toEqual([201, plainPage])
  // A proxy further out that is not trusted may have spoken TLS.
  expect(await send(page!, 'http')).toEqual([201, page])
})
