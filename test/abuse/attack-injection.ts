import { gzipSync } from 'node:zlib'
import { openHttp } from '../../src/testing/wire/http.ts'
import { within } from '../../src/testing/wire/inbox.ts'
import { createBlockSplitter } from '../../src/testing/wire/sse.ts'
import { type Attack, askBytes, askLines, attackCase, eventsOf, tally } from './attack-case.ts'
import { attackChannel } from './attack-forgery.ts'
import { latin1, openLine } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'

/** Text that would be more than text to whoever takes it on: headers, fields of a stream, a second request, a prototype. */

const json = 'Content-Type: application/json'
const hostile = [
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  '\0',
  '\u2028',
  '\u2029',
  '\u0085',
  '\v',
  '\f',
  '\ufeff',
  ':',
  ' ',
  'data: x',
  'id: 9',
  'event: y',
  '\ndata: injected\n\n',
  '\r\rid: 1',
]

/** Sends every hostile text in every field that takes text, and reads them back from a plain stream and in envelopes. */
async function fields(stage: Stage): Promise<string> {
  const channel = attackChannel('field-injection')
  const base = `http://127.0.0.1:${stage.ports.dev}/live/${channel}`
  const blocks: { event: string; data: string | undefined; lines: readonly string[] }[] = []
  const stream = await openHttp(new URL(base))
  stream.setEncoding('utf8')
  stream.on(
    'data',
    createBlockSplitter((block) => void (block.event !== '$heartbeat' && blocks.push(block))),
  )
  let refused = 0
  const sent: { event: string; data: string }[] = []
  for (const text of hostile) {
    for (const [event, tag] of [
      [`a${text}b`, undefined],
      [text, undefined],
      ['message', `a${text}b`],
      ['message', undefined],
    ]) {
      const query = new URLSearchParams({ event: event!, ...(tag !== undefined && { tag }) })
      const answer = await fetch(`${base}?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(text),
      })
      if (answer.status === 201) sent.push({ event: event!, data: JSON.stringify(text) })
      else refused++
    }
    // White space around a JSON text may be a line break.
    const answer = await fetch(base, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `[\r\n1,\n${JSON.stringify(text)}\r]`,
    })
    if (answer.status === 201) sent.push({ event: 'message', data: `[  1, ${JSON.stringify(text)} ]` })
  }
  await within(
    'every event',
    (async () => {
      while (blocks.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 5))
    })(),
  )
  stream.destroy()
  const same =
    blocks.every(({ event, data }, i) => event === sent[i]!.event && data === sent[i]!.data) &&
    blocks.length === sent.length
  const history = await eventsOf(stage, channel)
  const stored = history.every(
    ({ event, data }, i) =>
      event === sent[i]!.event && JSON.stringify(data) === JSON.stringify(JSON.parse(sent[i]!.data)),
  )
  return `${same && stored ? 'read as sent' : 'changed'}, ${refused > 0 ? 'breaks refused' : 'none refused'}`
}

/** Puts line breaks into everything that an answer repeats, raw and encoded: no header may come of it. */
async function headers(stage: Stage): Promise<string> {
  const injected = '%0d%0aX-Injected: 1'
  const answers = [
    await askLines(stage, 'dev', `GET /live/a${injected}`, []),
    await askLines(stage, 'dev', `GET /live/a?after=${injected.replace(' ', '')}`, []),
    await askLines(stage, 'dev', 'GET /live/a', ['Origin: http://localhost\rX-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a', ['Origin: http://localhost\nX-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a', ['Origin: http://localhost%0d%0aX-Injected:1']),
    await askLines(stage, 'dev', 'GET /live/a?limit=1', ['Origin: http://localhost\r\n X-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a', ['Host: localhost\rX-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a', ['Accept: text/html\rX-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a?limit=1', ['If-None-Match: "a"\rX-Injected: 1']),
    await askLines(stage, 'dev', 'GET /live/a', [
      'Sec-WebSocket-Protocol: fairlead.v1.json\rX-Injected: 1',
      'Upgrade: websocket',
      'Connection: upgrade',
    ]),
    await askLines(stage, 'dev', 'OPTIONS /live/a', [
      'Origin: http://localhost',
      'Access-Control-Request-Headers: a\rX-Injected: 1',
    ]),
  ]
  const bad = answers.filter(
    (answer) => answer?.headers.has('x-injected') || /\n\s*X-Injected/i.test(answer?.text ?? ''),
  )
  return bad.length === 0 ? 'no header' : `${bad.length} injected: ${bad[0]?.text.slice(0, 300)}`
}

/** Markup in whatever the channel's page shows. */
async function markup(stage: Stage): Promise<string> {
  const html = 'Accept: text/html'
  const answers = await Promise.all([
    askLines(stage, 'dev', 'GET /live/<script>alert(1)</script>', [html]),
    askLines(stage, 'dev', 'GET /live/a?x=<script>alert(1)</script>', [html]),
    askLines(stage, 'dev', 'GET /live/a?channel="><script>alert(1)</script>', [html]),
    askLines(stage, 'dev', 'GET /live/a', [html, 'Host: "><script>alert(1)</script>']),
    askLines(stage, 'ruled', "GET /live/a'-alert(1)-'", [html]),
  ])
  return answers.some((answer) => answer?.body.includes('alert(1)')) ? 'echoed' : 'not echoed'
}

/** Bodies that hold a request, behind heads that read two ways: each is refused, or is one request. */
const smuggled =
  'POST /live/CHANNEL HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"smuggled"'
const ambiguous: Readonly<Record<string, readonly string[]>> = {
  'length and chunked': ['Content-Length: 6', 'Transfer-Encoding: chunked'],
  'chunked and length': ['Transfer-Encoding: chunked', 'Content-Length: 6'],
  'two lengths': ['Content-Length: 0', 'Content-Length: 6'],
  'two lengths in one': ['Content-Length: 0, 6'],
  'a signed length': ['Content-Length: +0'],
  'a negative length': ['Content-Length: -1'],
  'a hexadecimal length': ['Content-Length: 0x0'],
  'a spaced length': ['Content-Length: 1 0'],
  'a space before the colon': ['Content-Length : 0'],
  'a folded length': ['Content-Length:', ' 0'],
  'chunked twice': ['Transfer-Encoding: chunked, chunked'],
  'chunked, identity': ['Transfer-Encoding: chunked, identity'],
  'chunked with a tab': ['Transfer-Encoding:\tchunked\v'],
  'a folded coding': ['Transfer-Encoding:', ' chunked'],
  'a name with NUL': ['Content-Length\0: 0'],
}

async function smuggle(stage: Stage): Promise<string> {
  const port = stage.ports.dev
  const channel = attackChannel('request-smuggling')
  const wrong: string[] = []
  for (const [name, lines] of Object.entries(ambiguous)) {
    const inner = smuggled.replace('CHANNEL', channel).replace('HOST', `127.0.0.1:${port}`)
    const answer = await askBytes(
      port,
      [
        `POST /live/${channel} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        json,
        ...lines,
        '',
        `0\r\n\r\n${inner}`,
      ].join('\r\n'),
    )
    if (answer?.status !== 400 || !answer.closed)
      wrong.push(`${name}: ${answer?.status} ${answer?.closed ? 'closed' : 'open'}`)
  }
  const stored = (await eventsOf(stage, channel)).length
  return [wrong.length === 0 ? 'all 400 and closed' : wrong.join('; '), `stored ${stored}`].join(', ')
}

/** Bodies whose framing breaks after the head was taken: an answer, at once, and the end of the connection. */
async function broken(stage: Stage): Promise<string> {
  const port = stage.ports.dev
  const framings = [
    ['chunked', 'zz\r\n"a"\r\n'],
    ['chunked', '3\r\n"a"xx'],
    ['chunked', '-1\r\n'],
    ['chunked', 'ffffffffffffffffff\r\n'],
    ['xchunked', '3\r\n"a"\r\n0\r\n\r\n'],
    ['gzip', '3\r\n"a"\r\n0\r\n\r\n'],
  ]
  const seen = await Promise.all(
    framings.map(async ([coding, body]) => {
      const head = `POST /live/broken HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${json}\r\nTransfer-Encoding: ${coding}\r\n\r\n`
      const answer = await askBytes(port, head + body)
      return answer ? `${answer.status} ${answer.closed ? 'closed' : 'open'}` : 'no answer'
    }),
  )
  return tally(seen)
}

/** A refused POST whose body is a request: what was not read must not become the next request. */
async function unread(stage: Stage): Promise<string> {
  const port = stage.ports.dev
  const channel = attackChannel('unread-body')
  const inner = smuggled.replace('CHANNEL', channel).replace('HOST', `127.0.0.1:${port}`)
  const refusals = [
    'Content-Type: text/plain',
    'Origin: https://evil.test',
    'Content-Encoding: gzip',
    'Host: evil.test',
    `Content-Length: ${300 * 1024}`,
  ]
  const counts: number[] = []
  for (const refusal of refusals) {
    const own = refusal.startsWith('Host') ? [] : [`Host: 127.0.0.1:${port}`]
    const length = refusal.startsWith('Content-Length') ? [] : [`Content-Length: ${inner.length}`]
    const type = refusal.startsWith('Content-Type') ? [] : [json]
    const line = openLine(port)
    await line.send([
      latin1([`POST /live/${channel} HTTP/1.1`, ...own, ...length, ...type, refusal, '', inner].join('\r\n')),
    ])
    // Whatever else would be answered is answered before this one.
    await line.send([
      latin1(`GET /live/${channel}?limit=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
    ])
    const { bytes } = await line.until(() => false)
    line.cut()
    counts.push(bytes.toString('latin1').split('HTTP/1.1 201').length - 1)
  }
  return `${tally(counts.map((n) => `${n} smuggled`))}, stored ${(await eventsOf(stage, channel)).length}`
}

/** What a payload says of prototypes is the payload's own affair. */
async function prototypes(stage: Stage): Promise<string> {
  const channel = attackChannel('prototype-pollution')
  const url = `http://127.0.0.1:${stage.ports.dev}/live`
  const payloads = [
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '[{"__proto__":null}]',
    '{"__proto__":{"__proto__":{"polluted":1}}}',
  ]
  for (const body of payloads) {
    await fetch(`${url}/${channel}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  }
  const batch = payloads.map(
    (data, ref) =>
      `{"op":"send","ref":${ref},"channel":"${channel}","key":"${channel.replace(/\W/g, '-')}${ref}","data":${data},"__proto__":{"channel":"other","admin":true}}`,
  )
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `[${batch.join(',')}]`,
  })
  const text = await (await fetch(`${url}/${channel}?after=earliest&limit=10`)).text()
  const kept = payloads.every((payload) => text.split(`"data":${payload}`).length === 3)
  const names = await Promise.all(
    ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map(
      async (name) => (await fetch(`${url}/${name}?limit=1`)).status,
    ),
  )
  return `${kept ? 'kept to the byte' : 'changed'}, names ${names.join(' ')}`
}

/** Bodies that would grow: they are refused unread. */
async function bombs(stage: Stage): Promise<string> {
  const before = await stage.victim.measure()
  const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024))
  const encodings = [
    'gzip',
    'deflate',
    'br',
    'zstd',
    'compress',
    'x-gzip',
    'gzip, gzip',
    'identity, gzip',
    'GZIP',
    'exi',
  ]
  const statuses = await Promise.all(
    encodings.flatMap((encoding) =>
      Array.from({ length: 10 }, async () => {
        const answer = await askLines(
          stage,
          'dev',
          'POST /live/bomb',
          [json, `Content-Encoding: ${encoding}`],
          bomb.toString('latin1'),
        )
        return `${answer?.status}`
      }),
    ),
  )
  const grown = (await stage.victim.measure()).rssBytes - before.rssBytes
  return `${tally(statuses)}, ${grown < 64 * 1024 * 1024 ? 'memory flat' : `${grown} bytes more`}`
}

/** Each as a case. */
export const injections: readonly AbuseCase[] = (
  [
    { row: '3', name: 'field-injection', expected: 'read as sent, breaks refused', run: fields },
    { row: '4', name: 'header-injection', expected: 'no header', run: headers },
    { row: '4', name: 'markup-in-the-page', expected: 'not echoed', run: markup },
    { row: '16', name: 'compression-bomb', alone: true, expected: '415 × 100, memory flat', run: bombs },
    {
      row: '17',
      name: 'prototype-pollution',
      expected: 'kept to the byte, names 404 200 200 200',
      run: prototypes,
    },
    { row: '24', name: 'request-smuggling', expected: 'all 400 and closed, stored 0', run: smuggle },
    {
      row: '24',
      name: 'broken-framing',
      expected: '400 closed × 6',
      run: broken,
    },
    { row: '24', name: 'unread-body', expected: '0 smuggled × 5, stored 0', run: unread },
  ] satisfies Attack[]
).map(attackCase)
