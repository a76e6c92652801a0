import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { tickets } from '../../src/access/tickets.ts'
import { tokens } from '../../src/access/tokens.ts'
import { createServer } from '../../src/server/create-server.ts'
import { recordedLines } from './recorded-lines.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const secret = 'canary-key-Zk3v9Q1xT7mB5nWc8RyL2dHs6JpGf4Ua'
const ticketKey = 'canary-ticket-key-q8Xw2LrT5vN9bYc3MhKd7ZsPfJg4'
const cookie = 'sid=canary-cookie-51c9'
const apiKey = 'canary-api-key-77aa'
const payload = '{"card":"canary-payload-4111"}'

function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp, ...claims })}`
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`
}

/** Everything that came out of a server where others may read it. */
async function open() {
  const record = recordedLines()
  const seen: string[] = []
  const told: string[] = []
  const { server, url, port } = await serve({
    channels: {
      'chat/*': {},
      open: { read: 'public', send: 'public' },
      broken: { send: 'public', onSend: ({ data }) => (data as { no(): unknown }).no() },
    },
    tokens: tokens({ keys: [{ alg: 'HS256', secret }] }),
    tickets: tickets({ keys: [ticketKey] }),
    authenticate: ({ headers }) => (headers.cookie === cookie ? { id: 'cook' } : null),
    operations: { port: 0 },
    // One address asks for all that is asked here, and most of it is refused.
    limits: { refusals: false },
    logger: record.logger,
    onError: (error) => {
      const { message, stack, cause } = error as Error
      told.push(`${message} ${stack} ${cause}`)
    },
  })
  const operations = String(record.of('operations')[0]!.url)
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) })
    const ok = response.ok ? '' : await response.text()
    if (response.ok) await response.body?.cancel()
    seen.push(`${response.status} ${JSON.stringify([...response.headers])} ${ok}`)
    return response.status
  }
  return { server, url, port, ask, seen, told, operations, ...record }
}

/** Writes bytes to a port and answers what came back. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(text))
    socket.setEncoding('utf8').on('data', (data: string) => {
      answer += data
    })
    socket.on('close', () => resolve(answer)).on('error', reject)
    onTestFinished(() => void socket.destroy())
  })
}

/** How a WebSocket that is refused or says nonsense ends. */
function told(url: string, headers: Record<string, string>, ...says: string[]): Promise<void> {
  const ws = new WebSocket(url.replace('http', 'ws'), { headers })
  onTestFinished(() => ws.terminate())
  ws.on('open', () => {
    for (const one of says) ws.send(one)
    ws.close()
  })
  return new Promise((resolve) => ws.on('error', () => {}).on('close', () => resolve()))
}

describe('secrets', () => {
  it('stand in no line, refusal, error, metric or status, whatever is asked with them', async () => {
    const { server, url, port, ask, seen, told: errors, operations, lines } = await open()
    const token = tokenOf({ sub: 'ann', subscribe: ['chat/*'] })
    const forged = `${token.slice(0, -4)}AAAA`
    const ticket = server.ticket({ who: { id: 'ann' }, channels: ['open'] })
    const carriers: Record<string, string>[] = [
      { authorization: `Bearer ${token}` },
      { authorization: `Bearer ${forged}` },
      { authorization: `Basic ${Buffer.from(apiKey).toString('base64')}` },
      { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey },
      { cookie },
      { cookie, origin: 'https://evil.example.com' },
    ]
    const queries = ['', `ticket=${ticket}`, `ticket=${ticket}AA`, `access_token=${token}`, `after=${token}`]
    const paths = ['/open', '/chat/1', '/other', `/${token}`, '/_status', '/_presence/open', '/a%20b', '/_x']
    const json = { 'content-type': 'application/json' }
    for (const headers of carriers) {
      for (const query of queries) {
        for (const path of paths) await ask(`${path}?limit=1&${query}`, { headers })
        await ask(`/open?event=e&${query}`, {
          method: 'POST',
          body: payload,
          headers: { ...headers, ...json },
        })
      }
      await ask('/broken', { method: 'POST', body: payload, headers: { ...headers, ...json } })
      await ask('/chat/1', { method: 'POST', body: `${payload}}`, headers: { ...headers, ...json } })
      await ask('', {
        method: 'POST',
        body: `[{"op":"send","data":${payload}}]`,
        headers: { ...headers, ...json },
      })
      await ask('/open', { method: 'DELETE', headers })
      const say = [
        JSON.stringify({ op: 'auth', ref: 1, token: forged }),
        JSON.stringify({ op: 'subscribe', ref: 2, channel: 'other' }),
        `{"op":"send","ref":3,"channel":"broken","data":${payload}}`,
        `nonsense ${token} ${payload}`,
      ]
      await told(`${url}/open?${queries[1]}`, headers, ...say)
      await told(`${url}?ticket=${ticket}AA`, headers)
      await told(url, headers, ...say)
    }
    seen.push(
      await raw(port, `GET /live/open?ticket=${ticket} HTTP/1.1\r\nCookie: ${cookie}\r\nnonsense\r\n\r\n`),
    )
    const stream = await openStream(`${url}/open?ticket=${ticket}`)
    const socket = await openSocket(`${url}/open`, { cookie, origin: new URL(url).origin })
    await post(`${url}/open`, payload)
    await socket.message('event')
    await server.disconnect({ user: 'ann' })
    await stream.event('$bye')
    await server.revoke('ann')
    const metrics = await (await fetch(`${operations}/metrics`)).text()
    const status = JSON.stringify(server.status())
    await server.close()

    // So that nothing passes for want of being told.
    for (const kind of ['denied', 'refused', 'failed', 'disconnect', 'revoke', 'order', 'ended', 'closed'])
      expect(lines.map(({ fields }) => fields.event)).toContain(kind)
    expect(errors.length).toBeGreaterThan(0)
    const signature = (whole: string) => whole.slice(whole.lastIndexOf('.') + 1, -4)
    const out = {
      lines: JSON.stringify(lines),
      refusals: seen.join('\n'),
      errors: errors.join('\n'),
      metrics,
      status,
    }
    for (const [where, text] of Object.entries(out))
      for (const canary of [
        'canary',
        signature(token),
        signature(ticket),
        Buffer.from(apiKey).toString('base64'),
      ])
        expect(text.includes(canary), `${canary} in ${where}`).toBe(false)
  }, 60_000)

  it('of the log’s URL stand in no line of a server that cannot reach it', async () => {
    const places = [
      'redis://shop:canary-pa%24s-word@127.0.0.1:1/0?prefix=x',
      'nats://shop:canary-pass-word@127.0.0.1:1',
    ]
    await Promise.all(
      places.map(async (log) => {
        const { logger, lines, of } = recordedLines()
        const told: string[] = []
        const server = createServer({ log, logger, onError: (error) => void told.push(String(error)) })
        onTestFinished(() => server.close())
        await until(() => of('failed').length > 0, 'the failure')
        expect(of('starting')[0]!.log).toMatch(/^(redis|nats):/)
        expect(JSON.stringify([lines, told, server.status()])).not.toMatch(/canary|pass-word|s-word/)
      }),
    )
  }, 20_000)
})
