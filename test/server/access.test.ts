import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { defineChannels } from '../../src/hub/channels.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const channels = defineChannels({
  news: { read: 'public' },
  club: { read: 'signed-in', send: 'signed-in' },
  'user/*': { read: (who, { params }) => who?.id === params[0] },
  board: { read: 'public', onSend: ({ who, data }) => (who ? data : refuse()) },
})

function refuse(): never {
  throw new FairleadError('forbidden', 'Only members write here.')
}

const authenticate = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => {
  const name = headers.authorization?.replace('Bearer ', '')
  if (name === 'wrong') throw new FairleadError('invalid_token', 'This token is not one of ours.')
  return name ? { id: name } : null
}

describe('by default', () => {
  it('nobody reads and nobody sends', async () => {
    const { url } = await serve({ channels: { plain: {} } })
    for (const channel of ['plain', 'unknown']) {
      expect((await fetch(`${url}/${channel}`)).status).toBe(401)
      expect((await post(`${url}/${channel}`, '1')).status).toBe(401)
    }
    expect((await fetch(`${url}/_status`)).status).toBe(404)
  })
})

describe('authenticate', () => {
  it('is shown every header as text, the one that Node keeps as a list too', async () => {
    const seen: unknown[] = []
    const { port } = await serve({
      channels: { news: { read: 'public' } },
      authenticate: ({ headers }) => {
        seen.push([headers['set-cookie'], headers['x-twice']])
        return null
      },
    })
    for (const headers of [{ 'set-cookie': ['a=1', 'b=2'], 'x-twice': ['1', '2'] }, { 'x-twice': '1' }]) {
      const request = get({ port, path: '/live/news?limit=1', headers })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
    }
    expect(seen).toEqual([
      ['a=1, b=2', '1, 2'],
      [undefined, '1'],
    ])
  })
})

describe('the rules of the declaration', () => {
  it('hold for streams, history and presence alike', async () => {
    const { url } = await serve({ channels, authenticate })
    const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } })
    expect((await fetch(`${url}/club?limit=1`)).status).toBe(401)
    expect((await fetch(`${url}/club?limit=1`, as('ada'))).status).toBe(200)
    expect((await fetch(`${url}/user/ada?limit=1`, as('ada'))).status).toBe(200)
    expect((await fetch(`${url}/user/bob?limit=1`, as('ada'))).status).toBe(403)
    expect((await fetch(`${url}/club`, as('wrong'))).status).toBe(401)
  })

  it('answer a forbidden channel byte for byte alike whether it exists or not', async () => {
    const { url } = await serve({ channels, authenticate })
    const [real, unreal] = await Promise.all(
      ['user/bob', 'nothing/here'].map(async (name) => {
        const response = await fetch(`${url}/${name}`, { headers: { authorization: 'Bearer ada' } })
        const headers = [...response.headers].filter(([header]) => header !== 'date')
        return { status: response.status, headers, body: await response.text() }
      }),
    )
    expect(real).toEqual(unreal)
    expect(real!.status).toBe(403)
  })

  it('name what is denied on a stream of several channels', async () => {
    const { url } = await serve({ channels, authenticate })
    const stream = await openStream(`${url}?channel=news&channel=club`)
    expect(JSON.parse((await stream.event('$denied')).data)).toEqual({
      channel: 'club',
      code: 'auth_required',
    })
    const poll = await fetch(`${url}?channel=news&channel=club&limit=1&after=earliest`)
    expect(await poll.json()).toMatchObject({ denied: [{ channel: 'club' }] })
  })

  it('let a handler decide who sends where no rule does', async () => {
    const { url } = await serve({ channels, authenticate })
    expect((await post(`${url}/board`, '{"x":1}')).status).toBe(403)
    const answer = await post(`${url}/board`, '{"x":1}', { authorization: 'Bearer ada' })
    expect([answer.status, await answer.json()]).toEqual([200, { data: { x: 1 } }])
  })

  it('refuse an upgrade of someone known, and close 4001 where a stranger said who it is', async () => {
    const { url } = await serve({ channels, authenticate })
    await expect(openSocket(`${url}/user/bob`, { authorization: 'Bearer ada' })).rejects.toThrow('403')
    const stranger = await openSocket(`${url}/user/bob`)
    stranger.say({ op: 'auth', ref: 1, token: 'ada' })
    await stranger.message('denied')
    await until(() => stranger.closed !== undefined, 'the close')
    expect(stranger.closed).toEqual({ code: 4001 })
  })

  it('take an auth message first, and subscribe to nothing before it', async () => {
    const { url, server } = await serve({ channels, authenticate })
    const socket = await openSocket(`${url}/user/ada`)
    await server.channel('user/ada').publish('hello', 1)
    socket.say({ op: 'subscribe', ref: 1, channel: 'user/ada' })
    expect(await socket.message('error')).toMatchObject({ ref: 1, code: 'auth_required' })
    expect(socket.messages.some(({ op }) => op === 'event')).toBe(false)
    socket.say({ op: 'auth', ref: 2, token: 'ada' })
    await socket.message('ok', ({ ref }) => ref === 2)
    await server.channel('user/ada').publish('hello', 2)
    expect(await socket.message('event')).toMatchObject({ data: 2 })
  })

  it('end a stream within 5 s of losing permission', async () => {
    let allowed = true
    const { url } = await serve({ channels: { live: { read: () => allowed } } })
    const stream = await openStream(`${url}/live`)
    const socket = await openSocket(url)
    socket.say({ op: 'subscribe', ref: 1, channel: 'live' })
    await socket.message('ok')
    allowed = false
    const started = Date.now()
    expect(JSON.parse((await stream.event('$bye')).data)).toMatchObject({ reason: 'revoked' })
    expect(await socket.message('denied')).toMatchObject({ channel: 'live' })
    expect(Date.now() - started).toBeLessThan(5_000)
    await until(() => stream.ended, 'the end of the stream')
  })
})

describe('origins', () => {
  const cases = [
    ['https://app.example', true],
    ['HTTPS://APP.EXAMPLE', false],
    ['http://app.example', false],
    ['https://app.example:444', false],
    ['https://app.example.evil.test', false],
    ['https://evil-app.example', false],
    ['null', false],
    ['not an origin', false],
    ['https://app.example/', false],
  ] as const

  it.each(cases)('%s may use the server: %s', async (origin, allowed) => {
    const { url } = await serve({
      channels: { open: { read: 'public', send: 'public' } },
      origins: ['https://app.example'],
    })
    const send = await post(`${url}/open`, '1', { origin })
    expect(send.status).toBe(allowed ? 201 : 403)
    expect(send.headers.get('access-control-allow-origin')).toBe(allowed ? origin : null)
    const upgrade = openSocket(`${url}/open`, { origin })
    if (allowed) await upgrade
    else await expect(upgrade).rejects.toThrow('403')
    const read = await fetch(`${url}/open?limit=1`, { headers: { origin } })
    expect([read.status, read.headers.has('access-control-allow-origin')]).toEqual([200, allowed])
    const withCookie = await fetch(`${url}/open?limit=1`, { headers: { origin, cookie: 'a=b' } })
    expect(withCookie.status).toBe(allowed ? 200 : 403)
  })

  it('are asked of whoever writes with a cookie', async () => {
    const { url } = await serve({ channels: { open: { read: 'public', send: 'public' } } })
    const cookie = { cookie: 'session=1' }
    expect((await post(`${url}/open`, '1', cookie)).status).toBe(403)
    expect((await fetch(`${url}/open?limit=1`, { headers: cookie })).status).toBe(200)
    const crossSite = { ...cookie, 'sec-fetch-site': 'cross-site' }
    expect((await fetch(`${url}/open?limit=1`, { headers: crossSite })).status).toBe(403)
    await expect(openSocket(`${url}/open`, cookie)).rejects.toThrow('403')
    const own = { ...cookie, origin: new URL(url).origin }
    expect((await post(`${url}/open`, '1', own)).status).toBe(201)
  })
})

describe('development mode', () => {
  it('answers only this machine', async () => {
    const { port } = await serve({ dev: true })
    const { request } = await import('node:http')
    const status = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        request({ port, host: '127.0.0.1', path: '/live/x?limit=1', headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        }).end()
      })
    expect(await status({ host: `localhost:${port}` })).toBe(200)
    expect(await status({ host: 'app.localhost' })).toBe(200)
    expect(await status({ host: `evil.test:${port}` })).toBe(403)
    expect(await status({ host: 'localhost.evil.test' })).toBe(403)
    expect(await status({ host: 'localhost', origin: 'https://evil.test' })).toBe(403)
    await expect(openSocket(`http://127.0.0.1:${port}/live/x`, { host: 'evil.test' })).rejects.toThrow('403')
    await expect(
      openSocket(`http://127.0.0.1:${port}/live/x`, { origin: 'https://evil.test' }),
    ).rejects.toThrow('403')
  })

  it('refuses another address, production, and an authenticate that it would never ask', async () => {
    const { createServer } = await import('../../src/server/create-server.ts')
    await expect(createServer({ dev: true }).listen({ port: 0, host: '0.0.0.0' })).rejects.toThrow(
      /127\.0\.0\.1/,
    )
    expect(() => createServer({ dev: true, authenticate: () => null })).toThrow(/authenticate/)
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = 'production'
    try {
      expect(() => createServer({ dev: true })).toThrow(/NODE_ENV=production/)
    } finally {
      process.env.NODE_ENV = before
    }
  })
})
