import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrustProxy } from '../../src/access/trusted-proxy.ts'
import { createSseDecoder } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import { until } from '../server/serve.ts'
import { needs } from '../support/needs.ts'
import { type Haproxy, startHaproxy } from './haproxy.ts'

/** Addresses of documentation (RFC 5737): what a client writes about itself. */
const claimed = '198.51.100.7'
const haproxyProgram = needs('haproxy')

/** What HAProxy writes in place of whatever the client wrote, in a public name's stead. */
const rewriting = `    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host live.example.com
    http-request del-header Forwarded
`

/** Where these clients connect from: another address of this machine than HAProxy's own. */
const client = '127.0.0.3'
const proxy = '127.0.0.1'

type Headers = Readonly<Record<string, string>>

function open(url: string, headers: Headers, method = 'GET'): Promise<IncomingMessage> {
  const body = method === 'POST' ? '1' : ''
  return new Promise((resolve, reject) => {
    const type = { 'content-type': 'application/json', 'content-length': String(body.length) }
    const options = { method, headers: { ...type, ...headers }, agent: false, localAddress: client }
    httpRequest(url, options, resolve).on('error', reject).end(body)
  })
}

/** Sends one event; the status, and the origin that may read the answer. */
async function send(base: string, headers: Headers = {}) {
  const response = await open(`${base}/live/open`, headers, 'POST')
  response.resume()
  return { status: response.statusCode, cors: response.headers['access-control-allow-origin'] ?? null }
}

/** The names of the events of a stream, as they come. */
async function follow(base: string, headers: Headers = {}) {
  const response = await open(`${base}/live/open`, headers)
  const names: string[] = []
  const decoder = createSseDecoder({ onEvent: ({ event }) => void names.push(event) })
  response.on('data', (chunk: Buffer) => decoder.push(chunk))
  response.on('error', () => {})
  const has = (name: string) => until(() => names.includes(name), `the event ${name}`)
  await has('$heartbeat')
  return { has, close: () => void response.destroy() }
}

async function serveBehind(trustProxy: TrustProxy) {
  const addresses: (string | undefined)[] = []
  const server = createServer({
    heartbeatMs: 1_000,
    trustProxy,
    channels: { open: { read: 'public', send: 'public' } },
    authenticate: ({ address }) => {
      addresses.push(address)
      return null
    },
  })
  const { port, url } = await server.listen({ port: 0 })
  const haproxy = await startHaproxy(haproxyProgram!, [port], rewriting)
  return { server, url, haproxy, addresses }
}

describe.skipIf(haproxyProgram === undefined)('a server that trusts its HAProxy', () => {
  let behind: Awaited<ReturnType<typeof serveBehind>>
  let haproxy: Haproxy
  beforeAll(async () => {
    // HAProxy connects from this address; whoever connects from another is not it.
    behind = await serveBehind(['127.0.0.1'])
    haproxy = behind.haproxy
  })
  afterAll(async () => {
    await haproxy?.stop()
    await behind?.server.close()
  })

  it('knows the client by what HAProxy says, whatever the client says', async () => {
    const forgeries: readonly Headers[] = [
      {},
      { 'x-forwarded-for': claimed },
      { 'x-forwarded-for': `${claimed}, 203.0.113.9` },
      { forwarded: `for=${claimed};host=evil.example.com;proto=http` },
    ]
    for (const forged of forgeries) {
      behind.addresses.length = 0
      await send(haproxy.url, forged)
      expect(behind.addresses).toEqual([client])
    }
  })

  it('takes pages of the host that HAProxy names for its own, and no page of a host that the client names', async () => {
    const own = 'https://live.example.com'
    expect(await send(haproxy.url, { origin: own })).toEqual({ status: 201, cors: own })
    const foreign = 'https://evil.example.com'
    for (const forged of ['x-forwarded-host', 'forwarded', 'x-original-host', 'x-host']) {
      const value = forged === 'forwarded' ? 'host=evil.example.com' : 'evil.example.com'
      expect(await send(haproxy.url, { origin: foreign, [forged]: value })).toEqual({
        status: 403,
        cors: null,
      })
    }
  })

  it('ends the streams of an address as HAProxy says it, and of no address that a client made up', async () => {
    const stream = await follow(haproxy.url, { 'x-forwarded-for': claimed })
    for (const address of [claimed, proxy]) await behind.server.disconnect({ address })
    await behind.server.channel('open').publish('still', 1)
    await stream.has('still')
    await behind.server.disconnect({ address: client })
    await stream.has('$bye')
    stream.close()
  })
})

describe.skipIf(haproxyProgram === undefined)('a server that is told of other proxies, or of none', () => {
  const settings: readonly (readonly [string, TrustProxy])[] = [
    ['of none', false],
    ['of a network where HAProxy is not', ['10.0.0.0/8']],
  ]

  it.each(settings)('believes no header: %s', async (_, trustProxy) => {
    const { server, url, haproxy, addresses } = await serveBehind(trustProxy)
    try {
      // Of HAProxy it knows the connection, and that is all; of a client without one the same.
      for (const [base, address] of [
        [haproxy.url, proxy],
        [url, client],
      ] as const) {
        addresses.length = 0
        await send(base, { 'x-forwarded-for': claimed, forwarded: `for=${claimed}` })
        expect(addresses).toEqual([address])
        const origin = 'https://live.example.com'
        const foreign = { status: 403, cors: null }
        expect(await send(base, { origin, 'x-forwarded-host': 'live.example.com' })).toEqual(foreign)
        const stream = await follow(base, { 'x-forwarded-for': claimed })
        await server.disconnect({ address: claimed })
        await server.channel('open').publish('still', 1)
        await stream.has('still')
        await server.disconnect({ address })
        await stream.has('$bye')
        stream.close()
      }
    } finally {
      await haproxy.stop()
      await server.close()
    }
  })

  it('believes nobody past the proxy, who connects from where it is not', async () => {
    const { server, url, haproxy, addresses } = await serveBehind([proxy])
    try {
      const origin = 'https://evil.example.com'
      const forged = { 'x-forwarded-for': claimed, 'x-forwarded-host': 'evil.example.com' }
      expect(await send(url, { ...forged, origin })).toEqual({ status: 403, cors: null })
      expect(addresses).toEqual([])
      await send(url, forged)
      expect(addresses).toEqual([client])
    } finally {
      await haproxy.stop()
      await server.close()
    }
  })
})
