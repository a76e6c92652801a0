import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tokens } from '../../src/access/tokens.ts'
import { upgradeLines } from '../../src/testing/server-cases/bad-request.ts'
import { openHttp } from '../../src/testing/wire/http.ts'
import { type Attack, askLines, attackCase, tally } from './attack-case.ts'
import { inTurns } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'
import { endedToken, forgedTokens, providedToken, tokenOf } from './signed-tokens.ts'
import { describeFrames } from './websocket-case.ts'
import { talk, writeFrame } from './websocket-line.ts'

/** Tokens and tickets: kept out of every log, forged, mixed up, outlived, and used to make the server ask around. */

const json = 'Content-Type: application/json'
const bearer = (token: string): string => `Authorization: Bearer ${token}`

/** Shows a token and a ticket in every place a request has; neither may be said again anywhere. */
async function canary(stage: Stage): Promise<string> {
  const token = tokenOf({ sub: 'canary' })
  const forged = forgedTokens['alg-none-signed']!()
  const ticket = await stage.victim.ticket()
  const secrets = [token, forged, ticket]
  const asks = secrets.flatMap((secret) => [
    ['GET /live/hidden', [bearer(secret)]],
    ['GET /live/news?limit=x', [bearer(secret)]],
    ['GET /live/news?limit=1', [`Cookie: session=${secret}`]],
    ['POST /live/hidden', [json, bearer(secret)], '{'],
    [`GET /live/news?token=${secret}&access_token=${secret}&jwt=${secret}&limit=1`, []],
    [`GET /live/news?ticket=${secret}&limit=x`, []],
    [`GET /live/news?%74icket=${secret}&limit=1`, []],
    [`GET /live/hidden?ticket=${secret}&limit=1`, []],
    [`GET /live/news?ticket=${secret}`, ['Accept: text/html']],
    [`POST /live/news?ticket=${secret}`, [json], '1'],
    [`GET /live/news?ticket=${secret}x`, upgradeLines],
    [`GET /live/${secret.slice(0, 200)}`, [bearer(secret)]],
    [`GET /live/%${secret}`, []],
    ['GET /live/news', [`X-\x01${secret}: 1`]],
    ['GET /live/news?limit=1', [`Authorization: Basic ${secret}`]],
  ]) as readonly (readonly [string, readonly string[], string?])[]
  const answers = await Promise.all(
    asks.map(([start, lines, body]) => askLines(stage, 'signed', start, lines, body)),
  )
  const said = await talk({
    port: stage.ports.signed,
    path: '/live',
    bytes: Buffer.concat(
      secrets.map((token, ref) =>
        writeFrame({ opcode: 1, payload: JSON.stringify({ op: 'auth', ref, token }) }),
      ),
    ),
    way: 'whole',
    enough: ({ frames }) => frames.filter(({ payload }) => payload.includes('"ref":')).length === 3,
  })
  const metrics = await (await fetch(`http://127.0.0.1:${stage.ports.operations}/metrics`)).text()
  const { errors } = await stage.victim.measure()
  const places = {
    answers: answers.map((answer) => answer?.text ?? '').join('\n'),
    frames: said.frames.map(({ payload }) => payload.toString()).join('\n'),
    metrics,
    errors: errors.join('\n'),
    output: stage.victim.output,
  }
  const signature = (secret: string): string => secret.slice(-24)
  const hits = Object.entries(places).filter(([, text]) =>
    secrets.some((secret) => text.includes(signature(secret))),
  )
  return hits.length === 0 ? '0 hits' : hits.map(([place]) => `in the ${place}`).join(', ')
}

/** A token that stands in a URL is nobody's. */
async function inTheUrl(stage: Stage): Promise<string> {
  const names = ['token', 'access_token', 'id_token', 'jwt', 'auth', 'authorization', 'bearer', 'ticket']
  const seen = await Promise.all(
    names.flatMap((name) =>
      [[], upgradeLines].map(async (lines) => {
        const start = `GET /live/hidden?${name}=${tokenOf({ admin: true })}`
        const answer = await askLines(stage, 'signed', start, lines)
        // A stranger's WebSocket is opened, and follows nothing before it has said who it is.
        return answer?.status === 101 ? 'as a stranger' : answer?.status === 401 ? 'refused' : answer?.status
      }),
    ),
  )
  return tally(seen)
}

/** The same ticket over and over reads its channel; it sends nothing, and reads nothing else. */
async function replayedTicket(stage: Stage): Promise<string> {
  const ticket = await stage.victim.ticket()
  const ask = async (path: string, init?: RequestInit) =>
    (await fetch(`http://127.0.0.1:${stage.ports.signed}/live/${path}ticket=${ticket}`, init)).status
  const seen = await inTurns(Array.from({ length: stage.times }), 50, () =>
    Promise.all([
      ask('news?limit=1&'),
      ask('hidden?limit=1&'),
      ask('news?', { method: 'POST', body: '1', headers: { 'content-type': 'application/json' } }),
    ]),
  )
  return [...new Set(seen.map((three) => three.join(' ')))].join('; ')
}

/** Every forged token, as a header and in `auth`; counts what was let in, and whom the server asked meanwhile. */
async function forge(stage: Stage): Promise<string> {
  const before = await stage.victim.measure()
  const seen = await inTurns(Object.entries(forgedTokens), 10, async ([name, token]) => {
    const answer = await askLines(stage, 'signed', 'GET /live/news?limit=1', [bearer(token())])
    const frame = { opcode: 1, payload: JSON.stringify({ op: 'auth', ref: 1, token: token() }) }
    const heard = await talk({
      port: stage.ports.signed,
      path: '/live',
      bytes: writeFrame(frame),
      way: 'whole',
      enough: ({ frames }) => frames.some(({ payload }) => payload.includes('"ref":1')),
    })
    const right = answer?.status === 401 && describeFrames(heard) === 'error invalid_token'
    return right ? 'refused' : `${name}: ${answer?.status}, ${describeFrames(heard)}`
  })
  const { outbound } = await stage.victim.measure()
  return `${tally(seen.map((one) => (one === 'refused' ? 'refused twice' : one)))}, ${outbound - before.outbound} outbound`
}

/** Two providers whose keys have one name, each signing for the other; and names of keys that nobody has. */
async function confuse(stage: Stage): Promise<string> {
  const ask = async (token: string) =>
    (await askLines(stage, 'provided', 'GET /live/news?limit=1', [bearer(token)]))?.status
  const before = await stage.victim.measure()
  const own = [await ask(providedToken(0)), await ask(providedToken(1))]
  const crossed = [await ask(providedToken(0, 1)), await ask(providedToken(1, 0))]
  const random = await inTurns(
    Array.from({ length: stage.times * 10 }, (_, i) => `unknown-${i}`),
    50,
    (kid) => ask(providedToken(0, 0, kid)),
  )
  const again = [await ask(providedToken(0)), await ask(providedToken(1))]
  const fetches = (await stage.victim.measure()).keyFetches - before.keyFetches
  // Each provider is asked for its first set, and then once in 30 s.
  const few = fetches <= 2 + 2 * (1 + Math.floor((Date.now() - began) / 30_000))
  return `own ${own.join(' ')}, crossed ${crossed.join(' ')}, unknown ${tally(random.map(String)).replace(/ × .*/, '')}, own again ${again.join(' ')}, ${few ? 'few fetches' : `${fetches} fetches`}`
}

const began = Date.now()

/** Names that would collide if what scopes a key were joined by any of these: each send must be one of its own. */
async function collide(stage: Stage): Promise<string> {
  const joints = [
    '/',
    '_',
    '-',
    '.',
    '~',
    ':',
    '|',
    ' ',
    ',',
    ';',
    '#',
    '\u0000',
    '\u001f',
    '"',
    '","',
    '//',
    '__',
  ]
  const scopes = joints.flatMap((joint) => [
    ['x', `sent/a${joint}b`, 'k'],
    [`x${joint}sent/a`, 'sent/b', 'k'],
    ['x', 'sent/a', `b${joint}k`],
    [`x${joint}sent`, 'sent/a', 'k'],
    [`${joint}x`, 'sent/a', 'k'],
    [`x${joint}`, 'sent/a', 'k'],
  ]) as readonly (readonly [string, string, string])[]
  const valid = scopes.filter(
    ([, channel, key]) =>
      /^[\w.~-]+(\/[\w.~-]+)*$/.test(channel) && !/\/(_|\.\.?(\/|$))/.test(channel) && /^[\w-]+$/.test(key),
  )
  const distinct = [...new Map(valid.map((scope) => [JSON.stringify(scope), scope])).values()]
  const ids: string[] = []
  const statuses = await inTurns([...distinct.entries()], 10, async ([i, [sub, channel, key]]) => {
    const answer = await fetch(`http://127.0.0.1:${stage.ports.signed}/live/${channel}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenOf({ sub })}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: String(i),
    })
    ids.push(((await answer.json()) as { id: string }).id)
    return answer.status
  })
  const apart = new Set(ids).size === distinct.length && distinct.length > 50
  return `${[...new Set(statuses)].join(' ')}, ${apart ? 'each its own' : `${new Set(ids).size} of ${distinct.length}`}`
}

/** What signs is compared in a time that says nothing: in the source, and no part of a signature is answered otherwise. */
async function timing(stage: Stage): Promise<string> {
  const folder = new URL('../../src/', import.meta.url)
  const signing = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(new URL(path, folder), 'utf8') }))
    .filter(({ text }) => text.includes('createHmac('))
  const careless = signing.filter(
    ({ text }) => !text.includes('timingSafeEqual(') || /[!=]==\s*(?:mac|shown|sign\()/.test(text),
  )
  const ticket = await stage.victim.ticket()
  const bodies = await Promise.all(
    Array.from({ length: 43 }, async (_, i) => {
      const at = ticket.length - 43 + i
      const other = ticket[at] === 'A' ? 'B' : 'A'
      const wrong = ticket.slice(0, at) + other + ticket.slice(at + 1)
      const answer = await fetch(`http://127.0.0.1:${stage.ports.signed}/live/news?limit=1&ticket=${wrong}`)
      return `${answer.status} ${await answer.text()}`
    }),
  )
  const alike = new Set(bodies).size === 1 && bodies[0]!.startsWith('401 ')
  return `${signing.length > 0 && careless.length === 0 ? 'compared safely' : careless.map(({ path }) => path).join(' ')}, ${alike ? 'answered alike' : tally(bodies)}`
}

/** Addresses that keys may not be fetched from: they are refused when the server is made. */
const unsafeUrls = [
  'http://169.254.169.254/latest/meta-data',
  'http://[::ffff:169.254.169.254]/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://metadata.google.internal/',
  'http://10.0.0.1/keys',
  'http://192.168.0.1/keys',
  'http://172.16.0.1/keys',
  'http://[fd00::1]/keys',
  'http://[fe80::1]/keys',
  'http://0.0.0.0/keys',
  'http://127.0.0.2/keys',
  'http://localhost.evil.test/keys',
  'http://127.0.0.1.evil.test/keys',
  'http://evil.test#@localhost/keys',
  'http://evil.test/keys',
  'https://user:password@login.example.com/keys',
  'https://user@login.example.com/keys',
  'file:///etc/passwd',
  'ftp://login.example.com/keys',
  'gopher://login.example.com/keys',
  'data:application/json,{"keys":[]}',
  'blob:https://login.example.com/1',
  'javascript:1',
  'unix:/var/run/docker.sock',
  'ws://login.example.com/keys',
  '//login.example.com/keys',
  'login.example.com/keys',
  '/keys',
  '',
]

/** Addresses of keys that are no good, a provider that sends on to another, and tokens that name whom to ask. */
async function askAround(stage: Stage): Promise<string> {
  const refused = unsafeUrls.filter((jwks) => {
    try {
      tokens({ keys: [{ jwks, algs: ['RS256'] }] })
      return false
    } catch (error) {
      return error instanceof TypeError
    }
  })
  let followed = 0
  const inner = createServer((_, response) => {
    followed++
    response.end('{"keys":[]}')
  })
  const port = await new Promise<number>((resolve) =>
    inner.listen(0, '127.0.0.1', () => resolve((inner.address() as AddressInfo).port)),
  )
  const provider = createServer((_, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${port}/inner` }).end(),
  )
  const url = await new Promise<string>((resolve) =>
    provider.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`),
    ),
  )
  const code = await tokens({ keys: [{ jwks: url, algs: ['ES256'] }] })
    .verify(providedToken(0))
    .then(
      () => 'accepted',
      ({ code }: { code: string }) => code,
    )
  inner.close()
  provider.close()
  const before = await stage.victim.measure()
  const naming = ['with-jku', 'with-x5u', 'kid-is-a-url', 'issuer-is-a-url-to-ask', 'signed-by-a-jku']
  for (const name of naming)
    await askLines(stage, 'signed', 'GET /live/news?limit=1', [bearer(forgedTokens[name]!())])
  const { outbound } = await stage.victim.measure()
  return `${refused.length} of ${unsafeUrls.length} refused, redirect ${code} followed ${followed}, ${outbound - before.outbound} outbound`
}

/** One address is refused over and over: it is turned away unread, and nobody else is. */
async function refusedTooOften(stage: Stage): Promise<string> {
  const url = `http://127.0.0.1:${stage.ports.guarded}/live/open?limit=1`
  // Ten at a time, so that the hundredth comes within the window on a machine that is busy, too.
  const seen = await inTurns(Array.from({ length: 300 }), 10, async () => {
    const answer = await openHttp(new URL(url), { headers: { authorization: 'Bearer forged' } })
    answer.resume()
    return `${answer.statusCode}${answer.headers['retry-after'] === undefined ? '' : ' again'}`
  })
  const before = seen.filter((one) => one === '401').length
  const others = [...new Set(seen.slice(120))].join(' ')
  const good = await openHttp(new URL(url))
  good.resume()
  // From another address of this machine.
  const other = await askLines(stage, 'guarded', 'GET /live/open?limit=1', [])
  return `${before >= 100 && before <= 120 ? 'a hundred times 401' : `${before} times 401`}, then ${others}, good ${good.statusCode}, of others ${other?.status}`
}

/** A token that has ended opens nothing, on any of the routes. */
async function outlived(stage: Stage): Promise<string> {
  const starts: readonly (readonly [string, readonly string[], string?])[] = [
    ['GET /live/news', []],
    ['GET /live/news?limit=1', []],
    ['GET /live/open?limit=1', []],
    ['GET /live?channel=news&channel=open', []],
    ['GET /live/_presence/news', []],
    ['GET /live/_status', []],
    ['POST /live/news', [json], '1'],
    ['POST /live', [json], '[]'],
    ['GET /live/news', upgradeLines],
    ['GET /live', upgradeLines],
  ]
  const seen = await Promise.all(
    starts.map(async ([start, lines, body]) => {
      const answer = await askLines(stage, 'signed', start, [...lines, bearer(endedToken())], body)
      return `${answer?.status} ${/"code":"(\w+)"/.exec(answer?.body ?? '')?.[1]}`
    }),
  )
  return tally(seen)
}

const n = Object.keys(forgedTokens).length

/** Each as a case. */
export const credentialAttacks: readonly AbuseCase[] = (
  [
    { row: '5', name: 'canary-token', expected: '0 hits', run: canary },
    { row: '5', name: 'token-in-the-url', expected: 'as a stranger × 7, refused × 9', run: inTheUrl },
    { row: '5', name: 'replayed-ticket', expected: '200 403 401', run: replayedTicket },
    { row: '6', name: 'algorithm-confusion', expected: `refused twice × ${n}, 0 outbound`, run: forge },
    {
      row: '7',
      name: 'key-confusion',
      expected: 'own 200 200, crossed 401 401, unknown 401, own again 200 200, few fetches',
      run: confuse,
    },
    {
      row: '6',
      name: 'forged-too-often',
      expected: 'a hundred times 401, then 429 again, good 429, of others 200',
      run: refusedTooOften,
    },
    { row: '8', name: 'outlived-token', expected: '401 token_expired × 10', run: outlived },
    { row: '29', name: 'colliding-scopes', expected: '201, each its own', run: collide },
    { row: '31', name: 'timing-of-signatures', expected: 'compared safely, answered alike', run: timing },
    {
      row: '32',
      name: 'keys-from-elsewhere',
      expected: `${unsafeUrls.length} of ${unsafeUrls.length} refused, redirect unavailable followed 0, 0 outbound`,
      run: askAround,
    },
  ] satisfies Attack[]
).map(attackCase)
