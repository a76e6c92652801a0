import {
  get,
  json,
  post,
  request,
  upgrade,
  upgradeLines,
} from '../../src/testing/server-cases/bad-request.ts'
import type { HttpCase } from './http-case.ts'

/**
 * Bad inputs over HTTP that the conformance suite has not: those that need rules, a key, a drain or what the log holds.
 * Some are answered well: then the row says that an input must not be taken for a bad one.
 */

const ann = 'Authorization: Bearer ann'
const cookie = 'Cookie: who=ann'
const noCors = { 'access-control-allow-origin': undefined }
const again = { 'retry-after': '' }

type Rows = Readonly<Record<string, Omit<HttpCase, 'row' | 'name'>>>

const rows: Readonly<Record<string, Rows>> = {
  '14': {
    'proto-payload': { status: 201, stores: 1, bytes: post('{"__proto__":{"polluted":1}}') },
    'constructor-payload': {
      status: 201,
      stores: 1,
      bytes: post('{"constructor":{"prototype":{"polluted":1}}}'),
    },
  },
  '15': {
    'control-in-path': { status: 400, bytes: request('GET', 'BASE/a\x01b') },
    'nul-in-path': { status: 400, bytes: request('GET', 'BASE/a\0b') },
    'raw-cr-in-path': { status: 400, bytes: request('GET', 'BASE/a\rb') },
    'bytes-over-127-in-path': {
      status: 400,
      code: 'bad_request',
      bytes: request('GET', 'BASE/a\xe9b'),
    },
  },
  '16': {
    'nul-id': { status: 400, code: 'invalid_position', bytes: get([], '?after=k3f9%00.1') },
    'crlf-tag': { status: 400, code: 'invalid_tag', bytes: post('1', [json], '?tag=a%0D%0Ab') },
    'crlf-after': { status: 400, code: 'invalid_position', bytes: post('1', [json], '?after=k3f9.1%0D%0A') },
  },
  '19': {
    'stream-of-nobody': {
      at: 'ruled',
      status: 401,
      code: 'auth_required',
      headers: { 'www-authenticate': 'Bearer' },
      bytes: request('GET', 'BASE/members'),
    },
    'history-of-nobody': {
      at: 'ruled',
      status: 401,
      code: 'auth_required',
      bytes: request('GET', 'BASE/members?limit=1'),
    },
    'send-of-nobody': {
      at: 'ruled',
      status: 401,
      code: 'auth_required',
      bytes: request('POST', 'BASE/members', [json], '1'),
    },
    'several-of-nobody': {
      at: 'ruled',
      status: 401,
      code: 'auth_required',
      bytes: request('GET', 'BASE?channel=members&channel=closed'),
    },
  },
  '20': {
    'refused-token': {
      at: 'ruled',
      status: 401,
      code: 'invalid_token',
      headers: { 'www-authenticate': 'Bearer' },
      bytes: request('GET', 'BASE/members', ['Authorization: Bearer forged']),
    },
    'refused-token-on-a-public-channel': {
      at: 'ruled',
      status: 401,
      code: 'invalid_token',
      bytes: request('GET', 'BASE/open', ['Authorization: Bearer forged']),
    },
    'refused-token-send': {
      at: 'ruled',
      status: 401,
      code: 'invalid_token',
      bytes: request('POST', 'BASE/open', [json, 'Authorization: Bearer forged'], '1'),
    },
    'refused-token-upgrade': {
      at: 'ruled',
      status: 401,
      code: 'invalid_token',
      bytes: request('GET', 'BASE/members', [...upgradeLines, 'Authorization: Bearer forged']),
    },
  },
  '22': {
    'forbidden-channel': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      bytes: request('GET', 'BASE/closed', [ann]),
    },
    'unknown-channel': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      bytes: request('GET', 'BASE/nothing', [ann]),
    },
    'letters-of-another': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      bytes: request('GET', 'BASE/letters/bob', [ann]),
    },
    'forbidden-send': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      bytes: request('POST', 'BASE/closed', [json, ann], '1'),
    },
    'forbidden-upgrade': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      bytes: request('GET', 'BASE/closed', [...upgradeLines, ann]),
    },
    'forbidden-status': {
      at: 'ruled',
      status: 404,
      code: 'not_found',
      bytes: request('GET', 'BASE/_status', [ann]),
    },
  },
  '24': {
    'old-epoch': { status: 200, holds: '"reason":"epoch"', bytes: get([], '?after=zzzz.1') },
    'old-epoch-header': { status: 200, holds: '"reason":"epoch"', bytes: get(['Last-Event-ID: zzzz.1']) },
    trimmed: {
      status: 200,
      holds: '"reason":"trimmed"',
      bytes: ({ epoch, ...place }) => request('GET', `BASE/kept-short/1?after=${epoch}.1`)(place),
    },
    ahead: {
      status: 200,
      holds: '"reason":"ahead"',
      bytes: ({ epoch, ...place }) => get([], `?after=${epoch}.9007199254740991`)(place),
    },
    'old-epoch-history': { status: 200, holds: '"reset":[{', bytes: get([], '?after=zzzz.1&limit=10') },
    'old-epoch-poll': { status: 200, holds: '"reason":"epoch"', bytes: get([], '?after=zzzz.1&wait=30') },
  },
  '25': {
    'key-with-other-bytes': {
      status: 422,
      code: 'idempotency_mismatch',
      stores: 1,
      before: post('1', [json, 'Idempotency-Key: KEY']),
      bytes: post('2', [json, 'Idempotency-Key: KEY']),
    },
    'key-with-other-event': {
      status: 422,
      code: 'idempotency_mismatch',
      stores: 1,
      before: post('1', [json, 'Idempotency-Key: KEY']),
      bytes: post('1', [json, 'Idempotency-Key: KEY'], '?event=other'),
    },
  },
  '26': {
    'handler-busy': {
      status: 503,
      code: 'busy',
      headers: again,
      bytes: request('POST', 'BASE/declared-handled/x?event=busy', [json], '1'),
    },
    'send-to-draining': {
      at: 'draining',
      status: 503,
      code: 'draining',
      headers: again,
      bytes: request('POST', 'BASE/open', [json], '1'),
    },
    'history-of-draining': {
      at: 'draining',
      status: 503,
      code: 'draining',
      headers: again,
      bytes: request('GET', 'BASE/open?limit=1'),
    },
    'stream-of-draining': {
      at: 'draining',
      status: 200,
      closes: true,
      holds: 'event: $bye\ndata: {"reason":"drain"',
      bytes: request('GET', 'BASE/open'),
    },
  },
  more: {
    'accept-json': {
      status: 200,
      holds: '"position"',
      headers: { 'content-type': 'application/json' },
      bytes: get(['Accept: application/json']),
    },
    'accept-image': { status: 406, code: 'not_acceptable', bytes: get(['Accept: image/png']) },
    'limit-below': { status: 400, code: 'invalid_limit', bytes: get([], '?limit=-1') },
    'limit-above': { status: 400, code: 'invalid_limit', bytes: get([], '?limit=1e9') },
    'limit-NaN': { status: 400, code: 'invalid_limit', bytes: get([], '?limit=NaN') },
    'limit-twice': { status: 400, code: 'invalid_limit', bytes: get([], '?limit=1&limit=1') },
    'wait-above': { status: 400, code: 'invalid_wait', bytes: get([], '?wait=56') },
    'last-above': { status: 400, code: 'invalid_limit', bytes: get([], '?last=1001') },
    'after-and-last': { status: 400, code: 'invalid_position', bytes: get([], '?after=k3f9.1&last=1') },
    'malformed-deflate-offer': {
      status: 400,
      bytes: upgrade(['Sec-WebSocket-Extensions: permessage-deflate; =,;']),
    },
    'cookie-send-without-origin': {
      at: 'ruled',
      status: 403,
      code: 'origin_not_allowed',
      headers: noCors,
      bytes: request('POST', 'BASE/members', [json, cookie], '1'),
    },
    'cookie-upgrade-without-origin': {
      at: 'ruled',
      status: 403,
      code: 'origin_not_allowed',
      headers: noCors,
      bytes: request('GET', 'BASE/members', [...upgradeLines, cookie]),
    },
    'cookie-read-across-sites': {
      at: 'ruled',
      status: 403,
      code: 'origin_not_allowed',
      bytes: request('GET', 'BASE/members?limit=1', [cookie, 'Sec-Fetch-Site: cross-site']),
    },
    'cookie-read-of-a-foreign-page': {
      at: 'ruled',
      status: 403,
      code: 'origin_not_allowed',
      headers: noCors,
      bytes: request('GET', 'BASE/members', [cookie, 'Origin: https://evil.test']),
    },
    'cookie-read-of-null': {
      at: 'ruled',
      status: 403,
      code: 'origin_not_allowed',
      headers: noCors,
      bytes: request('GET', 'BASE/members', [cookie, 'Origin: null']),
    },
    'cookie-read': {
      at: 'ruled',
      status: 200,
      holds: '"position"',
      bytes: request('GET', 'BASE/members?limit=1', [cookie]),
    },
    'allowed-origin': {
      at: 'ruled',
      status: 200,
      holds: '"position"',
      headers: {
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-credentials': 'true',
      },
      bytes: request('GET', 'BASE/members?limit=1', [cookie, 'Origin: https://app.example.com']),
    },
    'error-for-an-allowed-origin': {
      at: 'ruled',
      status: 403,
      code: 'forbidden',
      headers: { 'access-control-allow-origin': 'https://app.example.com', vary: 'accept, origin' },
      bytes: request('GET', 'BASE/closed', [cookie, 'Origin: https://app.example.com']),
    },
    'absolute-target-of-this-host': {
      status: 200,
      holds: '"position"',
      bytes: (place) => request('GET', `http://${place.host}BASE/CHANNEL?limit=1`)(place),
    },
  },
}

/** All of them. */
export const moreInputs: readonly HttpCase[] = Object.entries(rows).flatMap(([row, cases]) =>
  Object.entries(cases).map(([name, one]) => ({ row, name, ...one })),
)
