import { deepStrictEqual, ok } from 'node:assert/strict'
import { askRaw, type RawAnswer, type RawRequest } from '../wire/raw.ts'
import type { BadRequest, Place } from './bad-request.ts'
import { badRequests } from './bad-requests.ts'
import { contractCases, type ServerCase, Skipped } from './case.ts'
import { besideHealthy } from './healthy.ts'
import { count } from './items.ts'
import type { Target } from './target.ts'

/** Every bad request: whole, byte by byte, behind a good request, and a thousand at once (PROTOCOL.md, section 9). */
export const badInputCases: readonly ServerCase[] = [
  ...badRequests.map((bad) => ({
    id: `bad-input/${bad.row}-${bad.name}`,
    title: `A bad request (${bad.name}) is answered ${bad.status} ${bad.code ?? ''}, and stores nothing.`,
    section: '9',
    run: (target: Target) => besideHealthy(target, () => tryAll(target, bad)),
  })),
  ...contractCases('bad-input', '9', [
    ['parallel', 'A thousand bad requests at once are all answered, and a healthy stream goes on.', parallel],
    ['7-slow-headers', 'Headers that are not complete in 10 s: 408.', slowHeaders],
    ['7-slow-body', 'A body that is not complete in 30 s: 408.', slowBody],
    ['connect', 'CONNECT ends the connection.', connects],
    ['good-hosts', 'Every name of this machine is a host that development mode answers.', goodHosts],
    ['good-absolute', 'An absolute target is fine when its host is.', goodAbsolute],
    ['good-origins', 'An origin of this machine may send and open a WebSocket.', goodOrigins],
    ['after-all', 'A request of 100 header fields and one of 8 KiB are still answered.', stillFine],
  ]),
]

/** Longer requests are not sent byte by byte: it shows nothing more and takes minutes. */
const trickleBytes = 4096

async function tryAll(target: Target, bad: BadRequest): Promise<void> {
  await tryOne(target, bad, 'whole', {})
  await tryOne(target, bad, 'behind a good request', { behind: goodRequest(target) })
  if (bad.bytes(placeOf(target, 'x')).length <= trickleBytes) {
    await tryOne(target, bad, 'byte by byte', { trickle: true })
  }
}

async function tryOne(target: Target, bad: BadRequest, how: string, asked: RawRequest): Promise<void> {
  const channel = target.channel()
  const answer = await askRaw(target.url(''), bad.bytes(placeOf(target, channel)), asked)
  assertAnswer(answer, bad, how)
  const stored = await target.http(`/${channel}?after=earliest&limit=10`)
  deepStrictEqual(stored.json().events, [], `${bad.name} stored something`)
}

function placeOf(target: Target, channel: string): Place {
  const { host, pathname } = target.url('')
  return { host, base: pathname, channel }
}

function goodRequest(target: Target): string {
  const { host, pathname } = target.url('/good')
  return `OPTIONS ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
}

function assertAnswer(answer: RawAnswer, bad: BadRequest, how: string): void {
  const shown = `${bad.name}, ${how}, was answered:\n${answer.text.slice(0, 600)}`
  deepStrictEqual(answer.status, bad.status, shown)
  if (bad.code !== undefined) {
    ok(answer.body.includes(`"code":"${bad.code}"`), shown)
    deepStrictEqual(answer.headers.get('content-type'), 'application/problem+json', shown)
    deepStrictEqual(answer.headers.get('cache-control'), 'no-store', shown)
  }
  for (const [name, value] of Object.entries(bad.headers ?? {})) {
    const seen = answer.headers.get(name)
    if (value === '') ok(seen, `${name} is missing; ${shown}`)
    else deepStrictEqual(seen, value, shown)
  }
  if (bad.closes) ok(answer.closed, `the connection was left open; ${shown}`)
}

async function parallel(target: Target): Promise<void> {
  await besideHealthy(target, async () => {
    await Promise.all(
      count(0, 1000).map(async (i) => {
        const bad = badRequests[i % badRequests.length]!
        const bytes = bad.bytes(placeOf(target, target.channel()))
        assertAnswer(await askRaw(target.url(''), bytes, { withinMs: 60_000 }), bad, 'one of a thousand')
      }),
    )
  })
}

async function slowHeaders(target: Target): Promise<void> {
  needsSlow(target)
  const { host, pathname } = target.url('/slow')
  const part = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `
  const answer = await askRaw(target.url(''), part, { withinMs: 30_000 })
  deepStrictEqual([answer.status, answer.closed], [408, true])
}

async function slowBody(target: Target): Promise<void> {
  needsSlow(target)
  const { host, pathname } = target.url(`/${target.channel()}`)
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"a`
  const answer = await askRaw(target.url(''), head, { withinMs: 60_000 })
  deepStrictEqual([answer.status, answer.closed], [408, true])
}

function needsSlow(target: Target): void {
  if (!target.traits.slow) throw new Skipped('It takes half a minute: allow it with slow.')
}

async function connects(target: Target): Promise<void> {
  await besideHealthy(target, async () => {
    const answer = await askRaw(
      target.url(''),
      'CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n',
    )
    ok(answer.closed && answer.status !== 200, answer.text)
  })
}

async function goodHosts(target: Target): Promise<void> {
  const { port } = target.url('')
  const path = `/${target.channel()}?limit=1`
  for (const host of ['localhost', 'shop.localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
    for (const value of [host, `${host}:${port}`]) {
      const answer = await target.http(path, { headers: { host: value } })
      deepStrictEqual(answer.status, 200, `Host: ${value}`)
    }
  }
}

async function goodAbsolute(target: Target): Promise<void> {
  const url = target.url(`/${target.channel()}?limit=1`)
  const answer = await askRaw(url, `GET ${url.href} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  deepStrictEqual(answer.status, 200, answer.text)
}

async function goodOrigins(target: Target): Promise<void> {
  const channel = target.channel()
  for (const origin of [
    'http://localhost:5173',
    'http://127.0.0.1',
    'https://shop.localhost:8443',
    'http://[::1]:80',
  ]) {
    const headers = { origin, 'content-type': 'application/json' }
    const answer = await target.http(`/${channel}`, { method: 'POST', body: '1', headers })
    deepStrictEqual(answer.status, 201, origin)
    const socket = await target.socket(`/${channel}`, { headers: { origin } })
    await socket.messages.take('the first message')
    socket.cut()
  }
}

async function stillFine(target: Target): Promise<void> {
  const path = `/${target.channel()}?limit=1`
  const headers = Object.fromEntries(count(0, 90).map((i) => [`x-${i}`, 'y']))
  deepStrictEqual((await target.http(path, { headers })).status, 200)
  deepStrictEqual((await target.http(`${path}&x=${'x'.repeat(7000)}`)).status, 200)
}
