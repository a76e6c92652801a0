import { deepStrictEqual, match, ok } from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { contractCases, type ServerCase } from './case.ts'
import { assertVaries, openAny, pick } from './stream.ts'
import { post, type Target } from './target.ts'

/** What a URL answers to whom: negotiation, OPTIONS, CORS, errors (PROTOCOL.md, sections 1 and 9). */
export const httpCases: readonly ServerCase[] = [
  ...contractCases('accept', '1', [
    ['stream', 'text/event-stream, */* and no Accept at all get the stream.', acceptStream],
    ['history', 'application/json, limit or wait get the history.', acceptHistory],
    ['page', "A person's address bar gets a page that says what this URL is.", acceptPage],
    ['several', 'Several channels are negotiated in the same way.', acceptSeveral],
    ['not-acceptable', 'What is none of the three is refused by 406.', notAcceptable],
  ]),
  ...contractCases('http', '9', [
    ['options', 'OPTIONS: 204 with allow, and what a preflight of an allowed origin needs.', options],
    ['cors', 'Every answer to an allowed origin, errors too, carries its CORS headers.', cors],
    ['no-cors', 'Without an origin there are no CORS headers, but vary names it.', noCors],
    ['problem', 'An error is application/problem+json, not stored, and echoes nothing.', problem],
    ['not-compressed', 'Nothing is compressed unless the channel says so.', notCompressed],
    ['keep-alive', 'Answers with a length leave the connection open for the next request.', keepsAlive],
  ]),
]

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

async function typeOf(target: Target, path: string, accept?: string): Promise<string> {
  const stream = await openAny(target, path, accept === undefined ? {} : { accept })
  stream.cut()
  return `${stream.status} ${String(stream.headers['content-type']).split(';')[0]}`
}

async function acceptStream(target: Target): Promise<void> {
  const channel = target.channel()
  for (const accept of [
    undefined,
    '*/*',
    'text/event-stream',
    'text/*',
    'text/event-stream, application/json;q=0.9',
  ]) {
    deepStrictEqual(await typeOf(target, `/${channel}`, accept), '200 text/event-stream', `Accept: ${accept}`)
  }
}

async function acceptHistory(target: Target): Promise<void> {
  const channel = target.channel()
  for (const accept of [
    'application/json',
    'application/json, */*;q=0.1',
    'application/json, text/event-stream;q=0.5',
  ]) {
    deepStrictEqual(await typeOf(target, `/${channel}`, accept), '200 application/json', `Accept: ${accept}`)
  }
  for (const accept of [undefined, '*/*', 'text/html', 'text/event-stream']) {
    for (const query of ['limit=1', 'wait=0']) {
      deepStrictEqual(
        await typeOf(target, `/${channel}?${query}`, accept),
        '200 application/json',
        `${query} ${accept}`,
      )
    }
  }
}

async function acceptPage(target: Target): Promise<void> {
  const channel = target.channel()
  const answer = await target.http(`/${channel}`, { headers: { accept: browser } })
  deepStrictEqual(answer.status, 200)
  match(String(answer.headers['content-type']), /^text\/html/)
  match(answer.body, /curl/)
  match(answer.body, /EventSource/)
  ok(answer.body.includes(channel))
}

async function acceptSeveral(target: Target): Promise<void> {
  const path = `?channel=${target.channel()}&channel=${target.channel()}`
  deepStrictEqual(await typeOf(target, path), '200 text/event-stream')
  deepStrictEqual(await typeOf(target, path, 'application/json'), '200 application/json')
  deepStrictEqual(await typeOf(target, `${path}&limit=1`), '200 application/json')
}

async function notAcceptable(target: Target): Promise<void> {
  deepStrictEqual(await typeOf(target, `/${target.channel()}`, 'image/png'), '406 application/problem+json')
}

async function options(target: Target): Promise<void> {
  const channel = target.channel()
  const bare = await target.http(`/${channel}`, { method: 'OPTIONS' })
  deepStrictEqual([bare.status, bare.body], [204, ''])
  deepStrictEqual(
    words(bare.headers.allow).filter((method) => ['GET', 'HEAD', 'POST'].includes(method)).length,
    3,
  )
  const origin = 'http://localhost:5173'
  const preflight = await target.http(`/${channel}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  })
  const names = [
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-max-age',
  ]
  deepStrictEqual(preflight.status, 204)
  deepStrictEqual(pick(preflight.headers, names), {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
    'access-control-max-age': '7200',
  })
}

function words(list: string | undefined): string[] {
  return (list ?? '').split(/,\s*/)
}

async function cors(target: Target): Promise<void> {
  const channel = target.channel()
  const headers = { origin: 'http://localhost:5173' }
  const streamed = await openAny(target, `/${channel}`, headers)
  const answers = [
    streamed,
    await target.http(`/${channel}?limit=1`, { headers }),
    await target.http(`/${channel}`, post('1', headers)),
    await target.http('', post('[]', headers)),
    await target.http(`/${channel}`, { headers: { ...headers, accept: 'text/html' } }),
    await target.http(`/${channel}?limit=none`, { headers }),
    await target.http('/a//b', { headers }),
    await target.http(`/${channel}`, { method: 'PUT', headers }),
    await target.http(`/${channel}`, post('{', headers)),
  ]
  for (const [i, answer] of answers.entries()) {
    const seen = pick(answer.headers, [
      'access-control-allow-origin',
      'access-control-allow-credentials',
      'timing-allow-origin',
    ])
    deepStrictEqual(
      seen,
      {
        'access-control-allow-origin': headers.origin,
        'access-control-allow-credentials': 'true',
        'timing-allow-origin': headers.origin,
      },
      `answer ${i} of status ${answer.status}: ${JSON.stringify(answer.headers)}`,
    )
    assertVaries(answer.headers.vary, ['origin'])
  }
}

async function noCors(target: Target): Promise<void> {
  const channel = target.channel()
  for (const path of [`/${channel}?limit=1`, `/${channel}?limit=none`]) {
    const answer = await target.http(path)
    deepStrictEqual(
      Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
      [],
    )
    assertVaries(answer.headers.vary, ['origin'])
  }
}

async function problem(target: Target): Promise<void> {
  const secret = 'sesame-open-7351'
  const paths = [
    `/${target.channel()}?limit=${secret}`,
    `/${secret}//x`,
    `/${target.channel()}?after=${secret}`,
  ]
  for (const path of paths) {
    const answer = await target.http(path)
    deepStrictEqual(answer.status, 400)
    deepStrictEqual(answer.headers['content-type'], 'application/problem+json')
    deepStrictEqual(answer.headers['cache-control'], 'no-store')
    const body = answer.json()
    deepStrictEqual([body.status, typeof body.code, typeof body.detail], [400, 'string', 'string'])
    ok(!answer.body.includes(secret), answer.body)
  }
}

async function notCompressed(target: Target): Promise<void> {
  const channel = target.channel()
  const headers = { 'accept-encoding': 'gzip, br, deflate, zstd' }
  await target.publish(channel, 'x'.repeat(5000))
  const history = await target.http(`/${channel}?last=1`, {
    headers: { ...headers, accept: 'application/json' },
  })
  deepStrictEqual(history.headers['content-encoding'], undefined)
  const stream = await target.sse(`/${channel}`, headers)
  deepStrictEqual(stream.headers['content-encoding'], undefined)
}

async function keepsAlive(target: Target): Promise<void> {
  const channel = target.channel()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  target.own({ cut: () => agent.destroy() })
  const ports = new Set<number | undefined>()
  for (let i = 0; i < 5; i++) {
    await new Promise<void>((resolve, reject) => {
      const asked = request(target.url(`/${channel}?limit=1`), { agent }, (answer) => {
        ports.add(answer.socket.localPort)
        answer.resume().on('end', resolve)
      })
      asked.on('error', reject).end()
    })
  }
  deepStrictEqual(ports.size, 1)
}
