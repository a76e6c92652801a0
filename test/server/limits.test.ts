import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { defineChannels } from '../../src/hub/channels.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import type { LimitsOptions } from '../../src/server/limits-options.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const channels = defineChannels({
  open: { read: 'public', send: 'public' },
  'open/*': { read: 'public', send: 'public' },
  slow: { send: 'public', onSend: () => new Promise((resolve) => void released.push(resolve)) },
})
const released: ((value?: undefined) => void)[] = []

let verified = 0
const authenticate = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => {
  const name = headers.authorization?.replace('Bearer ', '')
  verified++
  if (name === 'forged') throw new FairleadError('invalid_token', 'This token is not one of ours.')
  return name ? { id: name } : null
}

function limited(limits: LimitsOptions, more: object = {}) {
  return serve({ channels, authenticate, limits, ...more })
}

/** What came back: a status, `bye` with its reason, or the code of a close. */
type Outcome = string
interface Asked {
  readonly outcome: Outcome
  readonly headers: IncomingMessage['headers']
  close(): void
}

type Ask = (url: string, from?: { address?: string; headers?: Record<string, string> }) => Promise<Asked>

/** Asks for a stream and keeps it open. */
const stream: Ask = (url, { address, headers } = {}) =>
  new Promise((resolve, reject) => {
    const request = httpRequest(`${url}/open`, { agent: false, localAddress: address, headers })
    onTestFinished(() => void request.destroy())
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        const reason = /"reason":"(\w+)"/.exec(text)?.[1]
        const outcome = reason === undefined ? `${response.statusCode}` : `bye ${reason}`
        if (reason !== undefined || text.includes('$heartbeat'))
          resolve({ outcome, headers: response.headers, close: () => void request.destroy() })
      })
      response.on('error', () => {})
    })
    request.end()
  })

/** Opens a WebSocket and waits for its first word, or its close. */
const socket: Ask = (url, { address, headers } = {}) =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/open`, { localAddress: address, headers })
    onTestFinished(() => ws.terminate())
    const answer = (outcome: string) => resolve({ outcome, headers: {}, close: () => ws.terminate() })
    ws.on('message', (data) => {
      if (JSON.parse(data.toString()).op === 'heartbeat') answer('101')
    })
    ws.on('close', (code) => answer(`close ${code}`))
    ws.on('unexpected-response', (_, response) => answer(`${response.statusCode}`))
    ws.on('error', reject)
  })

/** Asks for a poll that waits, and answers `waits` when it does. */
function poll(waiting: () => number): Ask {
  return (url, { address, headers } = {}) =>
    new Promise((resolve, reject) => {
      const before = waiting()
      const options = { agent: false, localAddress: address, headers }
      const request = httpRequest(`${url}/open?after=latest&wait=50`, options)
      onTestFinished(() => void request.destroy())
      const close = () => void request.destroy()
      request.on('error', () => {})
      request.on('response', (response) => {
        response.resume()
        resolve({ outcome: `${response.statusCode}`, headers: response.headers, close })
      })
      request.end()
      until(() => waiting() > before, 'the poll to wait').then(
        () => resolve({ outcome: 'waits', headers: {}, close }),
        reject,
      )
    })
}

const wires = [
  ['SSE', '200', 'bye busy', stream],
  ['WebSocket', '101', 'close 4100', socket],
] as const

describe('connections', () => {
  it.each(wires)(
    'of one address over %s are bounded, and those of another are not',
    async (_, good, refused, ask) => {
      const { url } = await limited({ address: { connections: 2 } })
      const one = await ask(url)
      const outcomes = [one.outcome]
      for (let i = 0; i < 2; i++) outcomes.push((await ask(url)).outcome)
      expect(outcomes).toEqual([good, good, refused])
      expect((await ask(url, { address: '127.0.0.2' })).outcome).toBe(good)
      one.close()
      await untilOutcome(good, () => ask(url))
    },
  )

  it.each(wires)('over %s are those of the client behind a trusted proxy', async (_, good, refused, ask) => {
    const { url } = await limited({ address: { connections: 1 } }, { trustProxy: 1 })
    const from = (address: string) => ask(url, { headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } })
    expect((await from('192.0.2.1')).outcome).toBe(good)
    expect((await from('192.0.2.1')).outcome).toBe(refused)
    expect((await from('192.0.2.2')).outcome).toBe(good)
  })

  it.each(wires)('over %s are those of the peer when nobody is trusted', async (_, good, refused, ask) => {
    const { url } = await limited({ address: { connections: 1 } })
    const from = (address: string) => ask(url, { headers: { 'x-forwarded-for': address } })
    expect((await from('192.0.2.1')).outcome).toBe(good)
    expect((await from('192.0.2.2')).outcome).toBe(refused)
  })

  it.each(wires)('of one identity over %s are bounded', async (_, good, refused, ask) => {
    const { url } = await limited({ identity: { connections: 1 } })
    const as = (name: string, address?: string) =>
      ask(url, { headers: { authorization: `Bearer ${name}` }, ...(address && { address }) })
    expect((await as('ada')).outcome).toBe(good)
    expect((await as('ada', '127.0.0.2')).outcome).toBe(refused)
    expect((await as('bob')).outcome).toBe(good)
  })

  it('that wait for a poll are bounded, too: 429, and 503 when the process is full', async () => {
    const { url, server } = await limited({ connections: 2, address: { connections: 1 } })
    const waiting = poll(() => connections(server.status()))
    const first = await waiting(url)
    expect(first.outcome).toBe('waits')
    const second = await waiting(url)
    expect([second.outcome, second.headers['retry-after']]).toEqual(['429', '1'])
    expect((await waiting(url, { address: '127.0.0.2' })).outcome).toBe('waits')
    expect((await waiting(url, { address: '127.0.0.3' })).outcome).toBe('503')
    expect((await stream(url, { address: '127.0.0.3' })).outcome).toBe('bye busy')
    expect((await socket(url, { address: '127.0.0.3' })).outcome).toBe('close 4100')
    expect((await post(`${url}/open`, '1')).status).toBe(201)
  })

  it('free what they had after hundreds that were opened and cut', async () => {
    const { url, port, server } = await limited({ address: { connections: 5 } })
    const upgrade =
      'upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    const kinds = ['', upgrade, 'accept: application/json\r\n']
    // Forty times each kind at each moment; a single one that stayed would be seen below.
    for (let i = 0; i < 480; i += 5) {
      await Promise.all(
        Array.from({ length: 5 }, (_, j) => openAndReset(port, kinds[(i + j) % 3]!, (i + j) % 4 === 0)),
      )
    }
    await until(() => connections(server.status()) === 0, 'all connections to be gone')
    // The last that were cut may not have been looked at yet.
    for (let i = 0; i < 5; i++) await untilOutcome('200', () => stream(url))
    expect((await stream(url)).outcome).toBe('bye busy')
  })
})

describe('subscriptions', () => {
  it.each(['address', 'identity'] as const)(
    'of one %s are bounded over all its connections',
    async (scope) => {
      const { url } = await limited({ [scope]: { subscriptions: 3 } })
      const ada = { authorization: 'Bearer ada' }
      const sse = await openStream(`${url}?channel=open/1&channel=open/2`, ada)
      await sse.event('$heartbeat')
      const ws = await openSocket(url, ada)
      const subscribe = (ref: number) => ws.say({ op: 'subscribe', ref, channel: `open/${ref}` })
      subscribe(3)
      await ws.message('ok', ({ ref }) => ref === 3)
      subscribe(4)
      expect(await ws.message('error')).toMatchObject({ ref: 4, code: 'rate_limited', retry: true })
      ws.say({ op: 'unsubscribe', ref: 5, channel: 'open/3' })
      await ws.message('ok', ({ ref }) => ref === 5)
      subscribe(6)
      await ws.message('ok', ({ ref }) => ref === 6)
      expect(ws.closed).toBeUndefined()
    },
  )
})

describe('messages', () => {
  const slow = { messagesPerSecond: 1 }

  it('by POST and of history are answered 429 with Retry-After', async () => {
    const { url } = await limited({ address: slow, burstMs: 3_000 })
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await post(`${url}/open`, '1')).status)
    expect(statuses).toEqual([201, 201, 201])
    for (const answer of [await post(`${url}/open`, '1'), await fetch(`${url}/open?limit=1`)]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
      expect(await answer.json()).toMatchObject({ code: 'rate_limited' })
    }
  })

  it('on a WebSocket are refused one by one, and who does not heed it is closed with 4100', async () => {
    const { url } = await limited({ connection: slow, burstMs: 3_000 })
    const { ws, say, message, messages } = await openSocket(url)
    for (let ref = 0; ref < 90; ref++) say({ op: 'send', ref, channel: 'open', data: ref })
    expect(await message('error', ({ ref }) => ref === 89)).toMatchObject({
      code: 'rate_limited',
      retry: true,
    })
    expect(messages.filter(({ op }) => op === 'ok')).toHaveLength(3)
    const closed = new Promise((resolve) => ws.on('close', resolve))
    for (let ref = 90; ref < 200; ref++) say({ op: 'send', ref, channel: 'open', data: ref })
    expect(await closed).toBe(4100)
  })

  it('of many bytes are bounded', async () => {
    const { url } = await limited({ address: { bytesPerSecond: 1_000 }, burstMs: 1_000 })
    expect((await post(`${url}/open`, JSON.stringify('x'.repeat(3_000)))).status).toBe(201)
    expect((await post(`${url}/open`, '1')).status).toBe(429)
  })

  it('on their way are bounded', async () => {
    const { url } = await limited({ address: { inFlight: 1 } })
    const first = post(`${url}/slow`, '1')
    await until(() => released.length === 1, 'the handler to run')
    expect((await post(`${url}/slow`, '2')).status).toBe(429)
    released.pop()!()
    expect((await first).status).toBe(204)
    expect((await post(`${url}/open`, '3')).status).toBe(201)
  })
})

describe('an address that was refused too often', () => {
  const refusals = { count: 5, windowMs: 3_600_000 }
  const bad = [
    ['bad channels', (url: string) => fetch(`${url}/a//b?limit=1`)],
    ['forged tokens', (url: string) => fetch(`${url}/open`, { headers: { authorization: 'Bearer forged' } })],
    ['bad payloads', (url: string) => post(`${url}/open`, '{')],
  ] as const

  it.each(bad)('by %s is turned away on each wire before anyone verifies anything', async (_, ask) => {
    const { url, port } = await limited({ refusals })
    const running = await openStream(`${url}/open`)
    for (let i = 0; i < 5; i++) expect((await ask(url)).status).toBeLessThan(429)
    const before = verified
    const turnedAway = await ask(url)
    const asked = turnedAway.headers.get('content-type') === 'application/problem+json' ? 429 : 200
    expect(turnedAway.status).toBe(asked)
    const send = await post(`${url}/open`, '1')
    expect([send.status, Number(send.headers.get('retry-after')) > 1]).toEqual([429, true])
    expect((await stream(url)).outcome).toBe('bye busy')
    expect((await socket(url)).outcome).toBe('close 4100')
    expect(await raw(port, 'no request at all\r\n\r\n')).toBe('')
    expect(verified).toBe(before)
    expect(running.ended).toBe(false)
    expect((await stream(url, { address: '127.0.0.2' })).outcome).toBe('200')
  })

  it('by what cannot be read as a request is closed at once', async () => {
    const { port } = await limited({ refusals })
    for (let i = 0; i < 5; i++) expect(await raw(port, 'no request at all\r\n\r\n')).toContain(' 400 ')
    expect(await raw(port, 'no request at all\r\n\r\n')).toBe('')
  })

  it('by what it says on WebSockets is closed with 4100', async () => {
    const { url } = await limited({ refusals })
    const { ws, say, messages } = await openSocket(url)
    const closed = new Promise((resolve) => ws.on('close', resolve))
    for (let ref = 0; ref < 10; ref++) say({ op: 'auth', ref, token: 'forged' })
    expect(await closed).toBe(4100)
    expect(messages.filter(({ op }) => op === 'error')).toHaveLength(4)
  })

  it.each([
    ['development mode', { dev: true, channels: undefined, authenticate: undefined, limits: undefined }],
    ['refusals: false', { limits: { refusals: false } }],
  ] as const)('is heard again and again with %s', async (_, options) => {
    const { url } = await limited({}, options)
    for (let i = 0; i < 120; i++) expect((await fetch(`${url}/a//b?limit=1`)).status).toBe(400)
  })
})

describe('limits that cannot be', () => {
  it.each([
    [{ conections: 1 }, /limits has no "conections"/],
    [{ address: { connections: 0 } }, /limits\.address\.connections is a whole number/],
    [{ connection: { subscriptions: 101 } }, /from 1 to 100/],
    [{ connection: { connections: 1 } }, /limits\.connection has no "connections"/],
    [{ refusals: { windowMs: 5 } }, /limits\.refusals\.windowMs/],
    [{ memory: 3 }, /limits\.memory/],
  ])('%o is told when the server is made', async (limits, message) => {
    await expect(limited(limits as LimitsOptions)).rejects.toThrow(message)
  })
})

async function untilOutcome(outcome: string, ask: () => Promise<Asked>): Promise<void> {
  let last: string | undefined
  const deadline = Date.now() + 5_000
  while (last !== outcome) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${outcome}, last ${last}.`)
    const asked = await ask()
    last = asked.outcome
  }
}

function connections(status: unknown): number {
  return (status as { limits: { connections: number } }).limits.connections
}

/** Opens something, waits for the first byte (or not), and resets the connection. */
function openAndReset(port: number, headers: string, atOnce: boolean): Promise<void> {
  return new Promise((resolve) => {
    const line = connect(port, '127.0.0.1')
    const target = headers.startsWith('accept') ? '/live/open?after=latest&wait=55' : '/live/open'
    line.on('error', () => {})
    line.on('close', () => resolve())
    line.write(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n`)
    // Nothing comes to a poll: it is cut while it is answered, or while it waits.
    if (atOnce || headers.startsWith('accept'))
      line.once('connect', () => setImmediate(() => line.resetAndDestroy()))
    else line.once('data', () => line.resetAndDestroy())
  })
}

/** What a server answers to bytes, until it closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const line = connect(port, '127.0.0.1')
    line.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
    })
    line.on('error', () => {})
    line.on('close', () => resolve(answer))
    line.write(bytes)
  })
}
