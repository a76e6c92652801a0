import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { isLocalHost, OriginPolicy } from '../../src/access/origin.ts'
import { trustedProxy } from '../../src/access/trusted-proxy.ts'
import { formatPosition, isChannelName } from '../../src/protocol/index.ts'
import { mediaType, textOf } from '../../src/server/body.ts'
import { corsHeaders } from '../../src/server/cors.ts'
import { assertEdge, targetOf } from '../../src/server/edge.ts'
import { negotiate } from '../../src/server/negotiate.ts'
import { parseRead } from '../../src/server/query.ts'
import { assertSame, hostileText, longTexts, type Parser, parser } from './fuzz-input.ts'

/** As much of a request as the checks before a route look at. */
function requestOf(
  url: string,
  fields: readonly (readonly [string, string])[],
  method = 'GET',
): IncomingMessage {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) headers[name] ??= value
  const request = {
    url,
    method,
    headers,
    rawHeaders: fields.flat(),
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    socket: { remoteAddress: '127.0.0.1' },
  }
  return request as unknown as IncomingMessage
}

const header = fc.tuple(
  fc.constantFrom('host', 'origin', 'cookie', 'sec-fetch-site', 'last-event-id', 'accept', 'content-type'),
  hostileText(
    'localhost',
    '127.0.0.1',
    '[::1]',
    '[',
    ']',
    ':',
    ':80',
    '.',
    'evil.test',
    'http://',
    'https://',
    '/',
    '@',
    '?',
    'null',
    'cross-site',
    'k3f9.1',
    '*/*',
    ',',
  ),
)
const targetText = hostileText(
  '/live',
  '/',
  '/orders',
  '?',
  'channel=',
  'a',
  '@',
  'k3f9.1',
  '&',
  'after=',
  'earliest',
  'last=',
  '5',
  'limit=',
  'wait=',
  'client=abcdefgh',
  'format=envelope',
  'http://localhost',
  'http://',
  '%41',
  '+',
  '#',
)
const long = longTexts(16_384, [
  'a',
  '&',
  '=',
  '%',
  '%41',
  'channel=a&',
  'after=k3f9.1&',
  ',',
  ';q=',
  'a;',
  '.',
  ':',
  '[',
  '-',
  'text/html;q=0.1,',
  ' ',
])

/** What of a host is allowed in development is one of four forms, however it is written. */
const local = /^(?:localhost|[\s\S]*\.localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

function checkOrigin([origin, host]: [string, string]): void {
  const open = new OriginPolicy({ origins: ['https://app.example.com'], localOnly: false })
  if (
    open.allows(origin, host) &&
    origin.toLowerCase() !== 'https://app.example.com' &&
    !origin.toLowerCase().endsWith(`//${host.toLowerCase()}`)
  )
    throw new Error(`The origin ${JSON.stringify(origin)} was let in to ${JSON.stringify(host)}.`)
  const here = new OriginPolicy({ origins: [], localOnly: true })
  if (here.allows(origin, host) && !local.test(origin.replace(/^https?:\/\//i, '')))
    throw new Error(`The origin ${JSON.stringify(origin)} was let in to development mode.`)
  // It stands in a header of the answer.
  if ((open.allows(origin, host) || here.allows(origin, host)) && /[\r\n\0]/.test(origin))
    throw new Error('A line break.')
}

/** What stands before a route: lines of a request, and its headers. */
export const requestParsers: readonly Parser[] = [
  parser({
    name: 'the query of a read',
    input: fc.tuple(
      targetText,
      fc.option(hostileText('orders', 'a', '/', '..', '_'), { nil: undefined }),
      fc.array(header, { maxLength: 3 }),
    ),
    check([query, path, fields]) {
      const { channels, start, limit, waitMs } = parseRead(requestOf('/', fields), query, path)
      if (!channels.every(isChannelName) || channels.length > 100) throw new Error('A channel that is none.')
      if (limit !== undefined && !(limit >= 1 && limit <= 1000)) throw new Error(`limit ${limit}`)
      if (waitMs !== undefined && !(waitMs >= 0 && waitMs <= 55_000)) throw new Error(`wait ${waitMs}`)
      const { after } = start
      if (
        typeof after === 'object' &&
        !/^[a-z0-9]{1,16}\.\d{1,16}$/.test(formatPosition(after.epoch, after.offset))
      )
        throw new Error('A position that is none.')
    },
    long: long.map((query): [string, string | undefined, [string, string][]] => [query, undefined, []]),
  }),
  parser({
    name: 'the head of a request',
    input: fc.tuple(targetText, fc.array(header, { maxLength: 6 }), fc.boolean(), fc.boolean()),
    check([url, fields, dev, writes]) {
      const request = requestOf(url, fields, writes ? 'POST' : 'GET')
      const edge = {
        dev,
        origins: new OriginPolicy({ origins: ['https://app.example.com'], localOnly: dev }),
        proxies: trustedProxy(false),
      }
      const { path, query } = targetOf(request)
      if (!url.endsWith(query === '' ? path : `${path}?${query}`) && !url.endsWith('?'))
        throw new Error('The target is not the target.')
      for (const value of Object.values(corsHeaders(edge, request)))
        if (/[\r\n\0]/.test(value)) throw new Error('A line break.')
      assertEdge(edge, request, writes)
      const { host = '', origin } = request.headers
      if (dev && !local.test(host)) throw new Error(`The host ${JSON.stringify(host)} was let in.`)
      if (dev && origin !== undefined && !local.test(origin.replace(/^https?:\/\//i, '')))
        throw new Error(`The origin ${JSON.stringify(origin)} was let in.`)
    },
    long: long.flatMap((text): [string, [string, string][], boolean, boolean][] => [
      [text, [['host', 'localhost']], true, true],
      [
        '/',
        [
          ['host', text],
          ['origin', `http://${text}`],
        ],
        true,
        true,
      ],
    ]),
  }),
  parser({
    name: 'an origin',
    input: fc.tuple(
      hostileText(
        'http://',
        'https://',
        'app.example.com',
        'localhost',
        '.',
        ':',
        '80',
        '127.0.0.1',
        '[::1]',
        'evil.test',
        '@',
        '/',
        '?',
        'null',
      ),
      hostileText('app.example.com', 'localhost', ':', '80', '.'),
    ),
    check: checkOrigin,
    long: long.map((text): [string, string] => [`http://${text}`, text]),
  }),
  parser({
    name: 'a host of this machine',
    input: hostileText('localhost', '.', 'evil', '127.0.0.1', '[::1]', 'LOCALHOST', '\u212a'),
    check: (host) => {
      if (isLocalHost(host) && !local.test(host))
        throw new Error(`${JSON.stringify(host)} is not this machine.`)
    },
    long,
  }),
  parser({
    name: 'Accept',
    input: hostileText(
      'text/event-stream',
      'application/json',
      'text/html',
      '*/*',
      'text/*',
      ',',
      ';',
      'q=',
      '0',
      '1',
      '0.5',
      'q=-1',
      'q=Infinity',
      ' ',
    ),
    check: (accept) => {
      if (!['stream', 'json', 'html'].includes(negotiate(accept))) throw new Error('None of the three.')
    },
    long,
  }),
  parser({
    name: 'Content-Type',
    input: hostileText('application/json', ';', ' charset=utf-8', ',', 'text/plain', 'APPLICATION/JSON'),
    check: (type) => void mediaType(requestOf('/', [['content-type', type]])),
    long,
  }),
  parser({
    name: 'the text of a body',
    input: fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
    ),
    check: (bytes) =>
      assertSame(Buffer.from(textOf(Buffer.from(bytes))).toString('hex'), Buffer.from(bytes).toString('hex')),
    long: [
      new Uint8Array(1024 * 1024),
      new Uint8Array(1024 * 1024).fill(0x80),
      new Uint8Array(1024 * 1024).fill(0xf0),
    ],
  }),
]
