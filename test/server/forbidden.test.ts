import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { defineChannels } from '../../src/hub/channels.ts'
import { upgradeLines } from '../../src/testing/server-cases/bad-request.ts'
import { openSocket, serve, until } from './serve.ts'

/** Names of one length: one is of a channel with events, members and a handler, the other of nothing. */
const real = 'rooms/closed'
const unreal = 'rooms/absent'

const channels = defineChannels({
  [real]: { read: 'nobody', send: 'nobody', presence: true },
  board: { read: 'public' },
  'user/*': { read: (who, { params }) => who?.id === params[0] },
})

const origin = 'https://app.example.com'

async function open() {
  const served = await serve({
    channels,
    origins: [origin],
    limits: { refusals: false },
    authenticate: ({ headers }) => {
      const id = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1]
      return id === undefined ? null : { id }
    },
  })
  for (let i = 0; i < 5; i++) await served.server.channel(real).publish('secret', i)
  return served
}

/** Everything that is on the wire of an answer but the time. */
async function wireOf(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<string> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method, headers: { ...length, ...headers }, agent: false })
    asked.on('error', reject)
    asked.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve(`upgraded ${response.statusCode}`)
    })
    asked.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => void chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const names = response.rawHeaders.filter((_, i) => i % 2 === 0)
        const lines = names.map((name, i) => `${name}: ${response.rawHeaders[2 * i + 1]}`)
        const shown = lines.filter((line) => !/^date:/i.test(line))
        resolve([response.statusCode, ...shown, Buffer.concat(chunks).toString()].join('\n'))
      })
    })
    asked.end(body)
  })
}

const upgrading = Object.fromEntries(upgradeLines.map((line) => line.split(': ') as [string, string]))
const json = { 'content-type': 'application/json' }

/** Ways to ask for a channel: the path with NAME in it, and the rest of the request. */
const ways: readonly (readonly [
  string,
  string,
  { method?: string; headers?: Record<string, string>; body?: string }?,
])[] = [
  ['a stream', '/NAME'],
  ['a stream from the beginning', '/NAME?after=earliest'],
  ['the newest events', '/NAME?last=5'],
  ['a stream in envelopes', '/NAME?format=envelope'],
  ['a stream that resumes', '/NAME', { headers: { 'last-event-id': 'k3f9.1' } }],
  ['a member’s stream', '/NAME?client=abcdefgh'],
  ['history', '/NAME?after=earliest&limit=10'],
  ['where it stands', '/NAME?limit=1'],
  ['a long-poll', '/NAME?wait=1'],
  ['the page', '/NAME', { headers: { accept: 'text/html' } }],
  ['one of the base', '?channel=NAME'],
  ['one of several', '?channel=NAME&channel=user/other'],
  ['a batch of reads', '?channel=NAME&limit=10'],
  ['presence', '/_presence/NAME'],
  ['HEAD', '/NAME', { method: 'HEAD' }],
  ['HEAD of history', '/NAME?limit=1', { method: 'HEAD' }],
  ['OPTIONS', '/NAME', { method: 'OPTIONS' }],
  ['PUT', '/NAME', { method: 'PUT', body: '1' }],
  ['DELETE', '/NAME', { method: 'DELETE' }],
  ['PATCH', '/NAME', { method: 'PATCH', headers: json, body: '1' }],
  ['a send', '/NAME', { method: 'POST', headers: json, body: '1' }],
  ['a send with a key', '/NAME', { method: 'POST', headers: { ...json, 'idempotency-key': 'k' }, body: '1' }],
  ['a send after a position', '/NAME?after=k3f9.1', { method: 'POST', headers: json, body: '1' }],
  ['a send of no JSON', '/NAME', { method: 'POST', headers: json, body: '{' }],
  [
    'a send of another type',
    '/NAME',
    { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '1' },
  ],
  [
    'a batch of sends',
    '',
    { method: 'POST', headers: json, body: '[{"op":"send","ref":1,"channel":"NAME","key":"k","data":1}]' },
  ],
  [
    'an alive message',
    '/_presence',
    { method: 'POST', headers: json, body: '{"op":"alive","client":"abcdefgh","channels":["NAME"]}' },
  ],
  [
    'a goodbye',
    '/_presence',
    { method: 'POST', headers: json, body: '{"op":"leave","client":"abcdefgh","channels":["NAME"]}' },
  ],
  ['an upgrade', '/NAME', { headers: upgrading }],
  ['an upgrade of the base', '?channel=NAME', { headers: upgrading }],
  [
    'a preflight',
    '/NAME',
    {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x' },
    },
  ],
]

/** Who asks, and from which page. */
const askers: readonly (readonly [string, Record<string, string>])[] = [
  ['a stranger', {}],
  ['somebody', { authorization: 'Bearer ada' }],
  ['a page of an allowed origin', { authorization: 'Bearer ada', origin }],
  ['a page of a foreign origin', { authorization: 'Bearer ada', origin: 'https://evil.example.com' }],
]

describe('a forbidden channel is answered byte for byte like one that does not exist', () => {
  it.each(askers)('over HTTP, to %s', async (_, who) => {
    const { url } = await open()
    for (const [what, path, { headers, body, ...rest } = {}] of ways) {
      const ask = (name: string) =>
        wireOf(url + path.replace('NAME', name), {
          ...rest,
          headers: { ...headers, ...who },
          ...(body !== undefined && { body: body.replace('NAME', name) }),
        })
      const [one, other] = [await ask(real), await ask(unreal)]
      // The person's page says its own address, which the asker wrote.
      expect(one.replaceAll(real, 'NAME'), what).toBe(other.replaceAll(unreal, 'NAME'))
    }
  })

  it.each(askers.slice(0, 2))('on a WebSocket, to %s', async (_, who) => {
    const { url } = await open()
    const hear = async (name: string): Promise<string[]> => {
      const socket = await openSocket(url, who)
      const asks = [
        { op: 'subscribe', channel: name },
        { op: 'subscribe', channel: name, after: 'earliest' },
        { op: 'subscribe', channel: name, last: 5, client: 'abcdefgh' },
        { op: 'unsubscribe', channel: name },
        { op: 'send', channel: name, data: 1 },
        { op: 'send', channel: name, data: 1, key: 'k', after: 'k3f9.1' },
      ]
      for (const [ref, ask] of asks.entries()) socket.say({ ...ask, ref })
      const answers = () => socket.messages.filter(({ op }) => op === 'ok' || op === 'error')
      await until(() => answers().length === asks.length, 'the answers')
      return answers().map((answer) => JSON.stringify(answer))
    }
    expect(await hear(real)).toEqual(await hear(unreal))
  })

  it('where a stream of several says which it is denied', async () => {
    const { url } = await open()
    const read = async (name: string): Promise<string> => {
      const answer = await fetch(`${url}?channel=board&channel=${name}&limit=1`, {
        headers: { authorization: 'Bearer ada' },
      })
      return (await answer.text()).replaceAll(name, 'NAME')
    }
    expect(await read(real)).toBe(await read(unreal))
  })
})
