import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tickets } from '../../src/access/tickets.ts'
import { tokens } from '../../src/access/tokens.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { LastingLog } from '../browser/lasting-log.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const secret = createHash('sha256').update('a key of this test').digest()
const ticketKey = 'Zk3v9Q1xT7mB5nWc8RyL2dHs6JpGf4Ua'

/** A token as an application's back end signs it. */
function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: inSeconds(600), ...claims })}`
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

function bearer(claims: object) {
  return { authorization: `Bearer ${tokenOf(claims)}` }
}

async function open(log = memoryLog()) {
  return serve({
    log,
    channels: { 'chat/*': {}, news: { read: 'signed-in' }, open: { read: 'public', send: 'public' } },
    tokens: tokens({ keys: [{ alg: 'HS256', secret }] }),
    tickets: tickets({ keys: [ticketKey] }),
    operations: { port: 0 },
  })
}

describe('tokens', () => {
  it('grant what they say, and nothing else', async () => {
    const { url } = await open()
    const headers = bearer({ sub: 'one', subscribe: ['chat/*'], send: ['chat/1'] })
    const status = async (path: string) => (await fetch(`${url}/${path}?limit=1`, { headers })).status
    expect(await Promise.all(['chat/1', 'chat/2', 'news', 'other'].map(status))).toEqual([200, 200, 200, 403])
    expect((await post(`${url}/chat/1`, '1', headers)).status).toBe(201)
    expect((await post(`${url}/chat/2`, '1', headers)).status).toBe(403)
    const wrong = { authorization: `Bearer ${tokenOf({}).slice(0, -2)}AA` }
    expect((await fetch(`${url}/open?limit=1`, { headers: wrong })).status).toBe(401)
    expect((await fetch(`${url}/news?limit=1`)).status).toBe(401)
  })

  it('are renewed on a WebSocket by `auth`; without that the stream is told ahead, and ends', async () => {
    const { url } = await open()
    // 30 s of leeway are over in 7 s.
    const short = bearer({ sub: 'one', subscribe: ['chat/*'], exp: inSeconds(-23) })
    const stream = await openStream(`${url}/chat/1`, short)
    const [kept, left] = await Promise.all([
      openSocket(`${url}/chat/1`, short),
      openSocket(`${url}/chat/1`, short),
    ])
    await kept.message('auth_expiring')
    kept.say({ op: 'auth', ref: 1, token: tokenOf({ sub: 'one', subscribe: ['chat/*'] }) })
    await kept.message('ok')
    expect(JSON.parse((await stream.event('$auth_expiring')).data).inMs).toBeLessThan(30_000)
    expect(JSON.parse((await stream.event('$bye')).data).reason).toBe('auth_expired')
    await until(() => left.closed?.code === 4102, 'the close of the other socket')
    expect(kept.closed).toBeUndefined()
  }, 20_000)
})

describe('a ticket', () => {
  it('reads its channels again and again, no others, and sends nothing', async () => {
    const { url, server } = await open()
    const ticket = server.ticket({ who: { id: 'one' }, channels: ['news'] })
    for (let cut = 0; cut < 10; cut++) {
      const stream = await openStream(`${url}/news?ticket=${ticket}`)
      await server.channel('news').publish('e', cut)
      expect((await stream.event('e')).data).toBe(String(cut))
      stream.close()
    }
    const other = await fetch(`${url}/chat/1?ticket=${ticket}&limit=1`)
    const forged = await fetch(`${url}/news?ticket=${ticket.slice(0, -2)}AA&limit=1`)
    const sent = await post(`${url}/open?ticket=${ticket}`, '1')
    expect([other.status, forged.status, sent.status]).toEqual([403, 401, 401])
    await openSocket(`${url}/news?ticket=${ticket}`)
  })

  it('ends its stream when it ends', async () => {
    const { url, server } = await open()
    const ticket = server.ticket({ who: null, channels: ['open'], exp: Date.now() + 1_500 })
    const stream = await openStream(`${url}/open?ticket=${ticket}`)
    expect(JSON.parse((await stream.event('$bye')).data).reason).toBe('auth_expired')
    expect((await fetch(`${url}/open?ticket=${ticket}&limit=1`)).status).toBe(401)
  }, 15_000)
})

describe('disconnect and revoke', () => {
  it('end streams, and void what was issued before', async () => {
    const { url, server } = await open()
    const headers = bearer({ sub: 'one', subscribe: ['chat/*'], iat: inSeconds(-5) })
    const stream = await openStream(`${url}/chat/1`, headers)
    const other = await openStream(`${url}/chat/1`, bearer({ sub: 'two', subscribe: ['chat/*'] }))
    await server.disconnect({ user: 'one' })
    await stream.event('$bye')
    const again = await openStream(`${url}/chat/1`, headers)
    await server.revoke('one')
    expect(JSON.parse((await again.event('$bye')).data).reason).toBe('revoked')
    expect((await fetch(`${url}/chat/1?limit=1`, { headers })).status).toBe(403)
    const fresh = bearer({ sub: 'one', subscribe: ['chat/*'], iat: inSeconds(5) })
    expect((await fetch(`${url}/chat/1?limit=1`, { headers: fresh })).status).toBe(200)
    expect(other.ended).toBe(false)
  })

  it('reach every server of the log', async () => {
    const lasting = new LastingLog()
    onTestFinished(() => lasting.close())
    const { url, server } = await open(lasting.open())
    const headers = bearer({ sub: 'one', subscribe: ['chat/*'], iat: inSeconds(-5) })
    await server.revoke('one')
    await server.close()
    const next = await open(lasting.open())
    expect((await fetch(`${next.url}/chat/1?limit=1`, { headers })).status).toBe(403)
    expect(url).not.toBe(next.url)
  })
})

describe('proxies', () => {
  it('are believed only where they are trusted', async () => {
    const seen: (string | undefined)[] = []
    const ask = async (trustProxy: false | string[]) => {
      const { url } = await serve({
        channels: { a: { read: 'public' } },
        trustProxy,
        authenticate: ({ address }) => {
          seen.push(address)
          return null
        },
      })
      await fetch(`${url}/a?limit=1`, { headers: { 'x-forwarded-for': '198.51.100.7' } })
    }
    await ask(false)
    await ask(['127.0.0.0/8', '::1/128'])
    expect(seen[0]).toMatch(/127\.0\.0\.1|::1/)
    expect(seen[1]).toBe('198.51.100.7')
  })
})
