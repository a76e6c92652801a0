import { randomBytes } from 'node:crypto'
import { connect as connectSocket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { operatorToken, secureAccess } from '../../examples/shop/server/access.ts'
import { openShop, type Shop } from '../../examples/shop/server/app.ts'

const key = randomBytes(32).toString('base64url')
let shop: Shop
let operator: string
beforeAll(async () => {
  const access = secureAccess(key)
  // All that is refused here comes from one address within seconds: as a stranger it would be turned away.
  const options = { ...access.options, limits: { refusals: false } } as const
  shop = await openShop({ port: 0, restockMs: 0, access: { ...access, options } })
  operator = await operatorToken(key, 'olga', 600)
})
afterAll(() => shop?.close())

type Headers = Readonly<Record<string, string>>
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** A customer, as a browser that has just come in. */
async function comeIn(): Promise<{ customer: string; headers: Headers }> {
  const response = await fetch(`${shop.url}/api/me`)
  const { customer } = (await response.json()) as { customer: string }
  return { customer, headers: { cookie: cookieOf(response), origin: shop.url } }
}

function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

async function statusOf(
  path: string,
  headers: Headers = {},
  body?: object,
  method?: string,
): Promise<number> {
  const response = await fetch(shop.url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  await response.body?.cancel()
  return response.status
}

/** Opens a WebSocket: the status it is refused with, or what it says first. */
function socketSays(path: string, headers: Headers, first?: object): Promise<string> {
  const socket = new WebSocket(shop.url.replace('http', 'ws') + path, 'fairlead.v1.json', { headers })
  onTestFinished(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => resolve(String(response.statusCode)))
    socket.on('open', () => first && socket.send(JSON.stringify(first)))
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { op: string; code?: string; ref?: number }
      if (first === undefined || message.ref !== undefined)
        resolve([message.op, message.code].join(' ').trim())
    })
    socket.on('close', (code) => resolve(`closed ${code}`))
    socket.on('error', reject)
  })
}

async function place(headers: Headers, order: object) {
  const response = await fetch(`${shop.url}/api/orders`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  return { status: response.status, body: (await response.json()) as { order: { id: number } } }
}

async function historyOf(channel: string, headers: Headers): Promise<{ event: string; data: unknown }[]> {
  const response = await fetch(`${shop.url}/live/${channel}?after=earliest&limit=100`, { headers })
  return ((await response.json()) as { events: { event: string; data: unknown }[] }).events
}

/** Every way by which a channel can be asked for over HTTP. */
const doors = (channel: string) => [
  `/live/${channel}`,
  `/live/${channel}?limit=10&after=earliest`,
  `/live?channel=${channel}`,
  `/live?channel=${channel}&limit=10`,
  `/line/page-0123456789/live/${channel}`,
  `/dashboard/line/page-0123456789/live/${channel}`,
  `/live/${channel}?wait=1`,
  `/live/_presence/${channel}`,
]

describe('the storefront of a shop in earnest', () => {
  it.each(['orders', 'alerts', 'mutes', 'support', 'snapshots', 'lines', 'nothing', 'bought/somebody'])(
    'cannot read %s by any door',
    async (channel) => {
      const { headers } = await comeIn()
      for (const path of doors(channel)) {
        expect([path, await statusOf(path)]).toEqual([path, 401])
        expect([path, await statusOf(path, headers)]).toEqual([path, 403])
      }
      for (const path of [`/live/${channel}`, `/line/page-0123456789/live/${channel}`])
        expect(await socketSays(path, headers)).toMatch(/^(401|403)$/)
      const subscribe = { op: 'subscribe', ref: 1, channel, after: 'earliest' }
      expect(await socketSays('/live', headers, subscribe)).toBe('error forbidden')
      expect(await socketSays('/dashboard/line/page-0123456789/live', headers, subscribe)).toBe(
        'error forbidden',
      )
    },
  )

  it('is told of the channel that it may not read beside one that it may', async () => {
    const { headers } = await comeIn()
    const response = await fetch(`${shop.url}/live?channel=stock&channel=orders&after=earliest`, { headers })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!(text.includes('event: $denied') && text.includes('event: stock:delivery'))) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`The stream ended too soon, after:\n${text}`)
      text += value
    }
    await reader.cancel()
    expect(text).toContain('data: {"channel":"orders","code":"forbidden"}')
    expect(text).not.toContain('orders:new_order')
  })

  it('sees the shelf and nothing of the API of operators', async () => {
    const { headers } = await comeIn()
    expect(await statusOf('/api/catalogue', headers)).toBe(200)
    expect(await statusOf('/api/dashboard/stock', headers)).toBe(403)
    for (const [path, body] of operatorsOnly) {
      expect([path, await statusOf(path, {}, body)]).toEqual([path, 401])
      expect([path, await statusOf(path, headers, body)]).toEqual([path, 403])
      expect([path, await statusOf(`/dashboard${path}`, headers, body)]).toEqual([path, 403])
    }
  })

  it('sends nothing but what it may', async () => {
    const { customer, headers } = await comeIn()
    for (const channel of ['orders', 'stock', 'visitors', 'lines', 'nothing', `bought/${customer}`, 'chat/x'])
      expect([
        channel,
        await statusOf(`/live/${channel}?event=say`, headers, { from: 'customer', text: 'x' }),
      ]).toEqual([channel, 403])
    const own = `/live/chat/${customer}?event=say`
    expect(await statusOf(own, headers, { from: 'customer', text: 'Hello' })).toBe(201)
    expect(await statusOf(own, headers, { from: 'operator', text: 'I am the shop' })).toBe(403)
    expect(await statusOf(own, {}, { from: 'customer', text: 'Nobody' })).toBe(401)
    expect(await historyOf(`chat/${customer}`, headers)).toMatchObject([
      { event: 'say', data: { from: 'customer', text: 'Hello' } },
    ])
  })
})

const operatorsOnly: readonly (readonly [string, object?])[] = [
  ['/api/dashboard'],
  ...['orders', 'stock', 'alerts', 'mutes', 'visitors', 'support'].map(
    (part) => [`/api/dashboard/${part}`] as const,
  ),
  ['/api/mutes', { sku: '*' }],
  ['/api/deliveries', { sku: 'fender', quantity: 1, key: 'a' }],
  ['/api/cut', { line: 'page-to-be-cut', seconds: 1 }],
]

describe('a customer', () => {
  it('reads their own chat and orders, on every transport, and nobody else’s', async () => {
    const [one, other] = [await comeIn(), await comeIn()]
    expect((await place(one.headers, { sku: 'fender', quantity: 2, key: 'mine' })).status).toBe(201)
    expect(await historyOf(`bought/${one.customer}`, one.headers)).toMatchObject([
      { event: 'bought', data: { name: 'Fender, 20 cm', quantity: 2 } },
    ])
    for (const channel of [`chat/${one.customer}`, `bought/${one.customer}`]) {
      for (const path of doors(channel).slice(0, -2)) {
        expect([path, await statusOf(path, one.headers)]).toEqual([path, 200])
        expect([path, await statusOf(path, other.headers)]).toEqual([path, 403])
        expect([path, await statusOf(path)]).toEqual([path, 401])
      }
      expect(await socketSays(`/live/${channel}`, one.headers)).toBe('heartbeat')
      expect(await socketSays(`/live/${channel}`, other.headers)).toBe('403')
      const subscribe = { op: 'subscribe', ref: 1, channel }
      expect(await socketSays('/live', one.headers, subscribe)).toBe('ok')
      expect(await socketSays('/live', other.headers, subscribe)).toBe('error forbidden')
    }
    const say = { from: 'customer', text: 'I am somebody else' }
    expect(await statusOf(`/live/chat/${one.customer}?event=say`, other.headers, say)).toBe(403)
  })

  it('does not learn of another’s order by the same key', async () => {
    const [one, other] = [await comeIn(), await comeIn()]
    const order = { sku: 'line-8', quantity: 1, key: 'the-same' }
    const first = await place(one.headers, order)
    expect([first.status, (await place(one.headers, order)).status]).toEqual([201, 200])
    const second = await place(other.headers, order)
    expect(second.status).toBe(201)
    expect(second.body.order.id).toBeGreaterThan(first.body.order.id)
    expect(await historyOf(`bought/${one.customer}`, one.headers)).toHaveLength(1)
  })

  it('is known by a cookie that no script reads and nobody can make', async () => {
    const response = await fetch(`${shop.url}/api/me`)
    const [cookie] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^halyard_customer=[0-9a-f-]{36}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    const { customer } = (await response.json()) as { customer: string }
    const forged = [
      customer,
      `${customer}.${'A'.repeat(43)}`,
      cookieOf(response).replace(/.$/, '_').slice(17),
    ]
    for (const value of forged)
      expect(await statusOf(`/live/chat/${customer}`, { cookie: `halyard_customer=${value}` })).toBe(401)
    expect(await statusOf('/api/orders', {}, { sku: 'fender', quantity: 1, key: 'x' })).toBe(401)
    const again = await fetch(`${shop.url}/api/me`, { headers: { cookie: cookieOf(response) } })
    expect(await again.json()).toEqual({ customer })
    expect(again.headers.getSetCookie()).toEqual([])
  })
})

describe('a page of another origin', () => {
  // The same host on another port: browsers send a Lax or Strict cookie along, so the Origin has to decide.
  it('can neither send, order, sign in nor open a WebSocket with a reader’s cookies', async () => {
    const { customer, headers } = await comeIn()
    const order = { sku: 'fender', quantity: 1, key: 'foreign' }
    const say = { from: 'customer', text: 'x' }
    for (const origin of ['http://localhost:1', 'https://shop.example.com', 'null']) {
      const foreign = { ...headers, origin }
      expect(await statusOf('/api/orders', foreign, order)).toBe(403)
      expect(await statusOf(`/live/chat/${customer}?event=say`, foreign, say)).toBe(403)
      expect(await statusOf(`/live/chat/${customer}`, foreign)).toBe(403)
      expect(await statusOf('/api/operator', { origin }, { token: operator })).toBe(403)
      expect(await statusOf('/dashboard/api/operator', foreign, undefined, 'DELETE')).toBe(403)
      expect(await socketSays('/live', foreign)).toBe('403')
    }
    const { origin: _, ...none } = headers
    expect(await statusOf('/api/orders', none, order)).toBe(403)
    expect(await statusOf(`/live/chat/${customer}?event=say`, none, say)).toBe(403)
    expect(await historyOf(`chat/${customer}`, headers)).toEqual([])
  })
})

describe('an operator', () => {
  it('reads and does everything by token', async () => {
    const { customer, headers } = await comeIn()
    await place(headers, { sku: 'bow-shackle', quantity: 1, key: 'for-the-operator' })
    const who = bearer(operator)
    for (const channel of ['orders', 'stock', 'alerts', 'mutes', 'support', `chat/${customer}`])
      for (const path of doors(channel).slice(0, -2))
        expect([path, await statusOf(path, who)]).toEqual([path, 200])
    expect(await socketSays('/live/orders', who)).toBe('heartbeat')
    expect(await socketSays('/live', {}, { op: 'auth', ref: 1, token: operator })).toBe('ok')
    for (const [path, body] of operatorsOnly)
      expect([path, await statusOf(path, who, body)]).toEqual([path, 200])
    const chat = `/live/chat/${customer}?event=say`
    expect(await statusOf(chat, who, { from: 'operator', text: 'Hello' })).toBe(201)
    expect(await statusOf(chat, who, { from: 'customer', text: 'I am you' })).toBe(403)
    // The shop's own channels are no operator's either.
    for (const channel of ['snapshots', 'lines']) expect(await statusOf(`/live/${channel}`, who)).toBe(403)
  })

  it('trades a token for a cookie that is sent below /dashboard alone', async () => {
    const { headers } = await comeIn()
    const response = await fetch(`${shop.url}/dashboard/api/operator`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ token: operator }),
    })
    expect(await response.json()).toMatchObject({ required: true, operator: { name: 'olga' } })
    expect(response.headers.getSetCookie()[0]).toMatch(
      /^halyard_operator=[\w.-]+; Path=\/dashboard; HttpOnly; SameSite=Strict; Max-Age=(?:59\d|600)$/,
    )
    const both = { ...headers, cookie: `${headers.cookie}; ${cookieOf(response)}` }
    expect(await statusOf('/dashboard/api/dashboard/orders', both)).toBe(200)
    expect(await statusOf('/dashboard/line/page-0123456789/live/orders', both)).toBe(200)
    const gone = await fetch(`${shop.url}/dashboard/api/operator`, { method: 'DELETE', headers: both })
    expect(gone.headers.getSetCookie()[0]).toContain('halyard_operator=; Path=/dashboard; HttpOnly;')
  })

  it('is let in with nothing but a good token of an operator, which no answer shows', async () => {
    const others = [
      ['of another key', await operatorToken(randomBytes(32).toString('base64url'), 'eve', 600)],
      ['that is over', await operatorToken(key, 'olga', -1)],
      ['of nobody who runs the shop', await memberToken()],
      ['that is none', 'letmein'],
    ] as const
    for (const [what, token] of others) {
      const response = await fetch(`${shop.url}/dashboard/api/operator`, {
        method: 'POST',
        headers: { origin: shop.url, 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
      expect([what, response.status, response.headers.getSetCookie()]).toEqual([what, 401, []])
      expect(await response.text()).not.toContain(token)
      const cookie = { cookie: `halyard_operator=${token}` }
      expect([what, await statusOf('/dashboard/api/dashboard', cookie)]).toEqual([what, 401])
      expect([what, await statusOf('/live/orders', cookie)]).toEqual([what, 401])
    }
    expect(await statusOf('/api/dashboard')).toBe(401)
    expect(await statusOf(`/live/orders?token=${operator}`)).toBe(401)
    expect(await statusOf(`/live/orders?access_token=${operator}`)).toBe(401)
  })

  it('is shown the door when the token runs out', async () => {
    const short = await operatorToken(key, 'olga', 3)
    const cookie = { cookie: `halyard_operator=${short}` }
    const response = await fetch(`${shop.url}/live/orders`, { headers: cookie })
    expect(response.status).toBe(200)
    // The stream says why it ends, and a new one is refused.
    expect(await response.text()).toMatch(/event: \$bye\ndata: \{"reason":"auth_expired"/)
    expect(await statusOf('/live/orders', cookie)).toBe(401)
  })
})

async function memberToken(): Promise<string> {
  const { SignJWT } = await import('jose')
  const signing = new SignJWT({ role: 'guest', exp: Math.floor(Date.now() / 1000) + 600 })
  return signing.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key))
}

describe('the doors beside', () => {
  it.each([
    '/socket.io/?EIO=4&transport=websocket',
    '/ws',
    '/',
    '/dashboard',
    '/dashboard/live/orders',
    '/line/x/live',
  ])('an upgrade of %s leads nowhere', async (path) => {
    const said = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connectSocket(shop.port, '127.0.0.1', () => {
        const head = [`GET ${path} HTTP/1.1`, `Host: localhost:${shop.port}`, 'Connection: Upgrade']
        const more = [
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ]
        socket.write(`${[...head, ...more].join('\r\n')}\r\n\r\n`)
      })
      socket.setTimeout(5000, () => socket.destroy(new Error('It stays open.')))
      socket.on('data', (data) => {
        text += data
      })
      socket.on('close', () => resolve(text)).on('error', reject)
    })
    expect(said).not.toContain('101 ')
  })

  it('a weak key opens no shop, and is not shown', () => {
    expect(() => secureAccess('secret')).toThrow(/^The shop's key has 48 bits where 256 are needed/)
    expect(() => secureAccess('your-256-bit-secret-your-256-bit-secret')).toThrow(
      'an example that everyone knows',
    )
  })
})
