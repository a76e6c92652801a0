import { request as httpRequest } from 'node:http'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveConfig } from '../../src/config/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import type { ServerOptions } from '../../src/server/options.ts'
import { openSocket, post, until } from './serve.ts'

/** What holds where nothing is said: nobody reads but what is public, nobody sends, and nobody elsewhere connects. */

const channels = {
  silent: {},
  shown: { read: 'public' },
  mine: { read: 'signed-in' },
  board: { read: 'nobody', send: 'public' },
} as const

/** What `fairlead serve` makes of a configuration file. */
function served(): ServerOptions {
  const { config } = resolveConfig({
    flags: {},
    env: {},
    file: { path: 'fairlead.config.json', values: { channels } },
  })
  const { port: _, host: __, workers: ___, ...options } = config
  return options
}

const servers: readonly (readonly [string, () => ServerOptions])[] = [
  ['createServer() of channels', () => ({ channels })],
  ['serve with a configuration', served],
]

async function start(options: ServerOptions) {
  const server = createServer(options)
  const { url, host, port } = await server.listen({ port: 0 })
  onTestFinished(() => server.close())
  return { server, url: `${url}/live`, host, port }
}

/** What is asked of each channel, as a stranger; 200 and 201 would let it through. */
const table: readonly (readonly [channel: string, read: number, send: number])[] = [
  ['silent', 401, 401],
  ['shown', 200, 401],
  ['mine', 401, 401],
  ['board', 401, 201],
  ['undeclared', 401, 401],
]

describe.each(servers)('%s', (_, options) => {
  it.each(table)('%s: a stranger reads with %i and sends with %i', async (channel, read, send) => {
    const { url } = await start(options())
    const reads = [`${channel}?limit=1`, `${channel}?after=earliest&limit=10`, `${channel}?wait=1`]
    for (const path of reads) expect((await fetch(`${url}/${path}`)).status, path).toBe(read)
    const several = await fetch(`${url}?channel=${channel}&limit=1`)
    expect(several.status).toBe(read)
    expect((await post(`${url}/${channel}`, '1')).status).toBe(send)
    expect((await fetch(`${url}/_presence/${channel}`)).status).toBe(read === 200 ? 404 : 401)
    const socket = await openSocket(url)
    socket.say({ op: 'subscribe', ref: 1, channel })
    socket.say({ op: 'send', ref: 2, channel, data: 1 })
    const answers = () => socket.messages.flatMap((one) => ('ref' in one ? [one] : []))
    await until(() => answers().length === 2, 'both answers')
    const outcome = answers().map(({ ref, op }) => `${ref} ${op}`)
    expect(outcome.sort()).toEqual([
      `1 ${read === 200 ? 'ok' : 'error'}`,
      `2 ${send === 201 ? 'ok' : 'error'}`,
    ])
  })

  it('shows nobody its state, and lets no page of another origin in', async () => {
    const { url } = await start(options())
    expect((await fetch(`${url}/_status`)).status).toBe(404)
    expect((await fetch(`${url}/_console`)).status).toBe(404)
    const origin = 'https://elsewhere.example.com'
    const read = await fetch(`${url}/shown?limit=1`, { headers: { origin } })
    expect(read.headers.has('access-control-allow-origin')).toBe(false)
    expect((await post(`${url}/board`, '1', { origin })).status).toBe(403)
    await expect(openSocket(url, { origin })).rejects.toThrow('403')
  })

  it('believes no header of a proxy, and no token', async () => {
    const { url } = await start(options())
    for (const headers of [
      { authorization: 'Bearer anything' },
      { cookie: 'admin=true' },
      { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-user': 'admin' },
    ] as Record<string, string>[])
      expect((await fetch(`${url}/mine?limit=1`, { headers })).status).toBe(401)
    expect((await fetch(`${url}/mine?limit=1&ticket=ft1.x.y`)).status).toBe(401)
  })

  it('listens on this machine alone', async () => {
    const { host, port } = await start(options())
    expect(host).toBe('127.0.0.1')
    const others = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
    )
    for (const other of others) await expect(reaches(other, port)).resolves.toBe(false)
  })
})

describe('createServer() of nothing', () => {
  it('has no channel for anybody', async () => {
    const { url } = await start({})
    for (const [channel] of table) expect((await fetch(`${url}/${channel}?limit=1`)).status).toBe(401)
  })
})

describe('serve with a configuration', () => {
  it('is not in development mode, and listens on loopback', () => {
    const { config } = resolveConfig({
      flags: {},
      env: {},
      file: { path: 'fairlead.config.json', values: { channels } },
    })
    expect([config.dev, config.host]).toEqual([false, 'localhost'])
  })
})

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = httpRequest({ host, port, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(true)
    })
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy(new Error('No answer.')))
    asked.end()
  })
}
