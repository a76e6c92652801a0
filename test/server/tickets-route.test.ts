import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { tickets } from '../../src/access/tickets.ts'
import { tokens } from '../../src/access/tokens.ts'
import { defineChannels } from '../../src/hub/channels.ts'
import type { ServerOptions } from '../../src/server/options.ts'
import { openStream, post, serve } from './serve.ts'

const secret = createHash('sha256').update('a key of the ticket route').digest()
const ticketKey = createHash('sha256').update('another key of the ticket route').digest()

/** A token as an application's back end signs it; it ends in ten minutes unless `exp` says otherwise. */
function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: inSeconds(600), ...claims })}`
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

const bearer = (claims: object) => ({ authorization: `Bearer ${tokenOf(claims)}` })
const one = bearer({ sub: 'one', subscribe: ['orders', 'chat/*'], send: ['orders'] })

const channels = defineChannels({
  orders: {},
  'chat/*': {},
  hidden: {},
  news: { read: 'signed-in' },
  open: { read: 'public' },
  'desk/*': { read: (who, { name }) => name === `desk/${who?.id}` },
})

function open(options: Partial<ServerOptions> = {}) {
  return serve({
    channels,
    tokens: tokens({ keys: [{ alg: 'HS256', secret }] }),
    tickets: tickets({ keys: [ticketKey] }),
    authenticate: ({ headers }) => {
      const id = /(?:^|; )who=(\w+)/.exec(headers.cookie ?? '')?.[1]
      return id === undefined ? null : { id, expiresAt: id === 'brief' ? Date.now() + 60_000 : undefined }
    },
    ...options,
  } satisfies ServerOptions)
}

/** Who asks, by what; `ORIGIN` stands for the server's own. */
type Headers = Readonly<Record<string, string>>

async function ask(url: string, body: unknown, headers: Headers = {}, query = '') {
  const own = new URL(url).origin
  const settled = Object.entries(headers).map(([name, value]) => [name, value.replace('ORIGIN', own)])
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await post(`${url}/_ticket${query}`, text, Object.fromEntries(settled))
  return { response, status: response.status, text: await response.text() }
}

async function ticketFor(url: string, names: readonly string[], headers: Headers) {
  const { status, text } = await ask(url, { channels: names }, headers)
  expect(status, text).toBe(200)
  return JSON.parse(text) as { ticket: string; expiresAt: number }
}

/** How a ticket, shown on a channel, is answered. */
async function reads(url: string, ticket: string, channel: string): Promise<number> {
  return (await fetch(`${url}/${channel}?limit=1&ticket=${ticket}`)).status
}

const cookie = (id: string, origin = 'ORIGIN') => ({ cookie: `who=${id}`, origin })
const admin = bearer({ sub: 'root', admin: true })

const granted: readonly (readonly [string, Headers, readonly string[]])[] = [
  ['a bearer token’s grants', one, ['orders', 'chat/1']],
  ['a bearer token, where a rule lets it', one, ['news', 'desk/one']],
  ['a cookie, where rules let it', cookie('ann'), ['news', 'desk/ann']],
  ['an admin’s token', admin, ['hidden', 'orders']],
  ['nobody, on what is public', {}, ['open']],
  ['a hundred channels', one, Array.from({ length: 100 }, (_, i) => `chat/${i}`)],
  ['one channel said twice', one, ['orders', 'orders']],
]

const said = (...names: unknown[]) => ({ channels: names })
const many = Array.from({ length: 101 }, (_, i) => `chat/${i}`)
const long = Array.from({ length: 30 }, (_, i) => `chat/${String(i).padStart(200, 'x')}`)

const refused: readonly (readonly [string, Headers, unknown, number, string])[] = [
  ['nobody known', {}, said('news'), 401, 'auth_required'],
  ['nobody known, one of two', {}, said('open', 'news'), 401, 'auth_required'],
  ['a channel of another', one, said('desk/two'), 403, 'forbidden'],
  ['one of several forbidden', one, said('orders', 'hidden', 'chat/1'), 403, 'forbidden'],
  ['a channel that is not declared', one, said('nowhere'), 403, 'forbidden'],
  ['a cookie of another', cookie('ann'), said('desk/two'), 403, 'forbidden'],
  ['a forged token', { authorization: `${one.authorization}x` }, said('open'), 401, 'invalid_token'],
  ['a token that has ended', bearer({ sub: 'one', exp: inSeconds(-60) }), said('open'), 401, 'token_expired'],
  ['a cookie without Origin', { cookie: 'who=ann' }, said('news'), 403, 'origin_not_allowed'],
  [
    'a cookie from elsewhere',
    cookie('ann', 'https://a.example.com'),
    said('news'),
    403,
    'origin_not_allowed',
  ],
  ['a cookie of Origin null', cookie('ann', 'null'), said('news'), 403, 'origin_not_allowed'],
  [
    'a token from elsewhere',
    { ...one, origin: 'https://a.example.com' },
    said('orders'),
    403,
    'origin_not_allowed',
  ],
  ['a form', { ...one, 'content-type': 'text/plain' }, said('orders'), 415, 'unsupported_media_type'],
  [
    'bytes',
    { ...one, 'content-type': 'application/octet-stream' },
    said('orders'),
    415,
    'unsupported_media_type',
  ],
  ['a compressed body', { ...one, 'content-encoding': 'gzip' }, said('orders'), 415, 'unsupported_encoding'],
  ['no JSON', one, '{"channels":[', 400, 'invalid_json'],
  ['no body', one, '', 400, 'invalid_json'],
  ['JSON too deep', one, `{"channels":${'['.repeat(40)}${']'.repeat(40)}}`, 400, 'json_too_deep'],
  ['null', one, 'null', 400, 'bad_message'],
  ['a bare list', one, ['orders'], 400, 'bad_message'],
  ['no channels', one, {}, 400, 'bad_message'],
  ['one name', one, { channels: 'orders' }, 400, 'bad_message'],
  ['a name that is none', one, said('orders', 7), 400, 'bad_message'],
  ['an empty list', one, said(), 400, 'invalid_channel'],
  ['a pattern', one, said('chat/*'), 400, 'invalid_channel'],
  ['a bad name', one, said('chat//1'), 400, 'invalid_channel'],
  ['a name of Fairlead’s own', admin, said('_status'), 400, 'invalid_channel'],
  ['101 channels', one, { channels: many }, 400, 'too_many_channels'],
  ['more than a URL can hold', one, { channels: long }, 400, 'too_many_channels'],
  ['too long a body', one, said('x'.repeat(70_000)), 413, 'payload_too_large'],
]

describe('POST _ticket', () => {
  it.each(granted)('gives a ticket to %s', async (_, headers, names) => {
    const { url } = await open()
    const { response, text } = await ask(url, { channels: names }, headers)
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { ticket, expiresAt, ...rest } = JSON.parse(text)
    expect(rest).toEqual({})
    expect(expiresAt).toBeGreaterThan(Date.now() + 500_000)
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 600_000)
    for (const name of new Set([names[0]!, names.at(-1)!])) expect(await reads(url, ticket, name)).toBe(200)
    expect(await reads(url, ticket, names.includes('hidden') ? 'news' : 'hidden')).toBe(403)
    expect((await post(`${url}/orders?ticket=${ticket}`, '1')).status).toBe(401)
  })

  it('answers every request that it refuses with its code, and gives nothing away', async () => {
    const { url } = await open({ limits: { refusals: false } })
    for (const [about, headers, body, status, code] of refused) {
      const { response, text } = await ask(url, body, headers)
      expect([response.status, JSON.parse(text).code], about).toEqual([status, code])
      expect(response.headers.get('cache-control'), about).toBe('no-store')
      expect(text, about).not.toContain('ft1.')
    }
  })

  it('says the same of a channel that is forbidden and of one that is not there', async () => {
    const { url } = await open()
    const [forbidden, absent] = [await ask(url, said('hidden'), one), await ask(url, said('nowhere'), one)]
    expect(forbidden.text).toBe(absent.text)
  })

  it('gives no ticket for a ticket, however it is shown', async () => {
    const { url } = await open()
    const { ticket } = await ticketFor(url, ['orders'], one)
    const again = said('orders')
    for (const [headers, query, status, code] of [
      [{}, `?ticket=${ticket}`, 401, 'invalid_token'],
      [cookie('ann'), `?ticket=${ticket}`, 401, 'invalid_token'],
      [{ authorization: `Bearer ${ticket}` }, '', 401, 'invalid_token'],
      [one, `?ticket=${ticket}`, 400, 'unknown_parameter'],
    ] as const) {
      const { status: got, text } = await ask(url, again, headers, query)
      expect([got, JSON.parse(text).code]).toEqual([status, code])
    }
  })

  it('gives none that outlives its holder’s credentials', async () => {
    const { url } = await open()
    const exp = inSeconds(45)
    const short = await ticketFor(url, ['orders'], bearer({ sub: 'one', subscribe: ['orders'], exp }))
    // A token is good for 30 s of leeway after its end.
    expect(short.expiresAt).toBe((exp + 30) * 1000)
    const brief = await ticketFor(url, ['news'], cookie('brief'))
    expect(brief.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000)
  })

  it('gives one that ends with its holder’s: a rule is asked again, and a revoked user reads nothing', async () => {
    let closed = false
    const { url, server } = await open({
      channels: { news: { read: (who) => who !== null && !closed }, hall: { read: 'signed-in' } },
    })
    const { ticket } = await ticketFor(url, ['news', 'hall'], cookie('ann'))
    const made = server.ticket({ who: { id: 'ann' }, channels: ['hall'] })
    expect([await reads(url, ticket, 'news'), await reads(url, made, 'hall')]).toEqual([200, 200])
    closed = true
    expect([await reads(url, ticket, 'news'), await reads(url, ticket, 'hall')]).toEqual([403, 200])
    const stream = await openStream(`${url}/hall?ticket=${ticket}`)
    await server.revoke('ann')
    expect(JSON.parse((await stream.event('$bye')).data).reason).toBe('revoked')
    expect([await reads(url, ticket, 'hall'), await reads(url, made, 'hall')]).toEqual([403, 403])
  })

  it('is not there without `tickets`, nor by another method', async () => {
    const { url } = await open({ tickets: undefined })
    const { status, text } = await ask(url, said('orders'), one)
    expect([status, JSON.parse(text).code]).toEqual([404, 'not_found'])
    const { url: other } = await open()
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
      expect((await fetch(`${other}/_ticket`, { method, headers: one })).status).toBe(404)
  })

  it('counts as a message', async () => {
    const { url } = await open({ limits: { address: { messagesPerSecond: 1 }, burstMs: 1_000 } })
    await ticketFor(url, ['orders'], one)
    const { response } = await ask(url, said('orders'), one)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
  })

  it('lets a page of an origin on the list ask with its cookie', async () => {
    const origin = 'https://shop.example.com'
    const { url } = await open({ origins: [origin] })
    const { response } = await ask(url, said('news'), cookie('ann', origin))
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  })
})
