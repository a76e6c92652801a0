import { afterEach, describe, expect, it } from 'vitest'
import { createServer, defineChannels, type FairleadServer } from '../../src/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

const channels = defineChannels({
  prices: { read: 'public', flow: { down: { perSecond: 10, bytes: 140 } } },
  cursor: {
    read: 'public',
    send: 'public',
    flow: { down: { perSecond: 20, bytes: 40 }, up: { perSecond: 20, bytes: 40 }, latencyMs: 50 },
  },
  secret: {
    read: 'signed-in',
    flow: { down: { perSecond: 20, bytes: 40 }, up: { perSecond: 20, bytes: 40 }, latencyMs: 50 },
  },
  chat: {
    read: 'public',
    send: 'public',
    flow: { down: { perSecond: 0.1 }, up: { perSecond: 0.1, bytes: 100 } },
  },
  plain: { read: 'public', send: 'public' },
})

const servers: FairleadServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function start(options: object = {}) {
  const server = createServer({
    channels,
    authenticate: ({ headers }) => (headers.authorization ? { id: 'ann', admin: true } : null),
    ...options,
  })
  servers.push(server as unknown as FairleadServer)
  const { url } = await server.listen({ port: 0 })
  const get = async (path: string, authorization?: string) => {
    const response = await fetch(`${url}/live${path}`, { headers: authorization ? { authorization } : {} })
    return { response, body: await response.json() }
  }
  return { server, get, url: `${url}/live` }
}

describe('GET /live/_plan', () => {
  it('makes a plan of the flows that are declared', async () => {
    const { get } = await start()
    const { response, body } = await get('/_plan?channel=prices&http=h2')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({
      ladder: ['sse', expect.anything(), expect.anything()],
      channels: { prices: { primary: 'sse' } },
    })
    expect(body.crossover).toBeGreaterThan(0)
    expect(body.reason).not.toBe('')
    expect((await get('/_plan?channel=cursor')).body).toMatchObject({
      channels: { cursor: { primary: 'websocket' } },
    })
    expect((await get('/_plan?channel=cursor')).body.ladder[0]).toBe('websocket')
  })

  it('tells nothing of a channel that the asker may not use', async () => {
    const { get } = await start()
    const { body } = await get('/_plan?channel=secret')
    const nobodys = (await get('/_plan?channel=nowhere')).body
    expect(body).toEqual(JSON.parse(JSON.stringify(nobodys).replaceAll('nowhere', 'secret')))
    expect((await get('/_plan?channel=secret', 'Bearer x')).body.ladder[0]).toBe('websocket')
  })

  it('is asked for without a channel to learn whether the server lives', async () => {
    const { get } = await start()
    expect((await get('/_plan')).body).toMatchObject({
      ladder: ['sse', 'websocket', 'long-poll'],
      channels: {},
    })
  })

  it('refuses what it does not understand', async () => {
    const { get } = await start()
    expect((await get('/_plan?channel=a%20b')).body).toMatchObject({ code: 'invalid_channel' })
    expect((await get('/_plan?http=h4')).body).toMatchObject({ code: 'bad_request' })
    const many = Array.from({ length: 101 }, (_, n) => `channel=c${n}`).join('&')
    expect((await get(`/_plan?${many}`)).body).toMatchObject({ code: 'too_many_channels' })
  })

  it('goes by what was measured where nothing is declared', async () => {
    const { server, get } = await start()
    for (let n = 0; n < 200; n++) await server.channel('plain').publish('e', n)
    const { body } = await get('/_plan?channel=plain')
    expect(body.channels.plain.primary).toBe('sse')
  })
})

describe('declared and measured', () => {
  it('stand side by side in the status, per client', async () => {
    const { server, get, url } = await start()
    const over = new AbortController()
    const stream = await fetch(`${url}/prices`, {
      headers: { accept: 'text/event-stream' },
      signal: over.signal,
    })
    const reader = stream.body!.getReader()
    await reader.read()
    for (let n = 0; n < 50; n++) await server.channel('prices').publish('e', { n })
    await reader.read()
    const { flows } = (await get('/_status', 'Bearer x')).body
    expect(flows[0]).toMatchObject({
      channel: 'prices',
      declared: { down: { perSecond: 10 } },
      measured: { clients: 1, windowSeconds: 60, sendsPerSecond: 0 },
    })
    expect(flows[0].measured.eventsPerSecond).toBeGreaterThan(0)
    over.abort()
  })

  it('are compared each minute: one line when the rate is on the other side of the crossover for two', async () => {
    const clock = simulatedClock()
    const lines: { fields: object; message: string }[] = []
    const line = (fields: object, message: string) => void lines.push({ fields, message })
    const logger = { debug: line, info: line, warn: line, error: line }
    const { url } = await start({ clock, logger })
    const differing = () => lines.filter(({ fields }) => 'event' in fields && fields.event === 'flow_differs')
    let keys = 0
    /** Six messages a second, for a minute. */
    const minute = async () => {
      const batch = Array.from({ length: 30 }, (_, ref) => ({
        op: 'send',
        ref,
        channel: 'chat',
        event: 'said',
        data: ref,
        key: `k${keys++}`,
      }))
      for (let fives = 0; fives < 12; fives++) {
        const body = JSON.stringify(batch)
        const headers = { 'content-type': 'application/json' }
        expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(200)
        clock.advance(5_000)
      }
    }
    await minute()
    expect(differing()).toEqual([])
    await minute()
    await minute()
    expect(differing()).toHaveLength(1)
    expect(differing()[0]!.message).toMatch(
      /^declared 0\.1 messages\/s up, measured \d\.?\d*; crossover here [\d.]+ \(HTTP\/1\.1\)/,
    )
    await minute()
    expect(differing()).toHaveLength(1)
  })
})
