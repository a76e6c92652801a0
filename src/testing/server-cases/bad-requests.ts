import { type BadRequest, get, json, post, request, row, upgrade, upgradeLines } from './bad-request.ts'

/**
 * Bad requests, as bytes, and the exact answer to each. The rows are those of PROTOCOL.md's table of bad inputs; those
 * that need a credential are not here, those of frames are in `bad-frames.ts`.
 */

const big = 256 * 1024 + 1
const noCors = { 'access-control-allow-origin': undefined }
const long = `k3f9.${'0'.repeat(130)}1`

/** Every bad request. */
export const badRequests: readonly BadRequest[] = [
  ...row(
    1,
    { status: 400, code: 'bad_request', closes: true },
    {
      'no-host': ({ base, channel }) => `GET ${base}/${channel} HTTP/1.1\r\n\r\n`,
      'no-version': ({ base, channel }) => `GET ${base}/${channel}\r\n\r\n`,
    },
  ),
  ...row(
    2,
    { status: 400, code: 'bad_host', closes: true },
    {
      'two-hosts': get(['Host: HOST', 'Host: HOST']),
      'empty-host': get(['Host: ']),
      'unparsable-host': get(['Host: a:b:c[']),
      'two-hosts-upgrade': request('GET', 'BASE/CHANNEL', [...upgradeLines, 'Host: HOST', 'Host: evil.test']),
    },
  ),
  ...row(
    3,
    { status: 403, code: 'host_not_allowed', headers: noCors },
    {
      'foreign-host': get(['Host: evil.test']),
      'foreign-host-post': post('1', [json, 'Host: evil.test']),
      'foreign-host-upgrade': request('GET', 'BASE/CHANNEL', [...upgradeLines, 'Host: evil.test']),
      'host-that-ends-like-localhost': get(['Host: evillocalhost']),
      'host-that-starts-like-127': get(['Host: 127.0.0.1.evil.test']),
      'absolute-target': request('GET', 'http://evil.test:80BASE/CHANNEL?limit=1'),
    },
  ),
  ...row(4, { status: 431, closes: true }, { 'long-header': get([`X-Long: ${'x'.repeat(17 * 1024)}`]) }),
  ...row(
    5,
    { status: 431, code: 'too_many_headers' },
    {
      'many-headers': get(Array.from({ length: 2100 }, () => 'a:b')),
      'a-hundred-and-one': get(Array.from({ length: 100 }, (_, i) => `x-${i}: y`)),
      'many-headers-upgrade': upgrade(Array.from({ length: 100 }, (_, i) => `x-${i}: y`)),
    },
  ),
  ...row(
    6,
    { status: 400, closes: true },
    {
      'length-and-chunked': request(
        'POST',
        'BASE/CHANNEL',
        [json, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
        '',
      ),
      'two-lengths': request('POST', 'BASE/CHANNEL', [json, 'Content-Length: 5', 'Content-Length: 6']),
      'bare-lf': ({ host, base, channel }) => `GET ${base}/${channel} HTTP/1.1\nHost: ${host}\n\n`,
      'nul-in-header': get(['X-Nul: a\0b']),
    },
  ),
  ...row(
    8,
    { status: 400, code: 'bad_path' },
    {
      'path-slashes': request('GET', '//['),
      'path-percent': request('GET', '/%FF'),
      'path-nul': request('GET', '/%00'),
      'path-dots': request('GET', '/../x'),
    },
  ),
  ...row(
    9,
    { status: 405, code: 'method_not_allowed', headers: { allow: '' } },
    {
      put: request('PUT', 'BASE/CHANNEL', [json], '1'),
      delete: request('DELETE', 'BASE/CHANNEL'),
      trace: request('TRACE', 'BASE/CHANNEL'),
      patch: request('PATCH', 'BASE', [json], '1'),
    },
  ),
  ...row(
    10,
    { status: 413, code: 'payload_too_large', closes: true },
    {
      declared: request('POST', 'BASE/CHANNEL', [json, `Content-Length: ${big}`]),
      streamed: (place) => {
        const chunk = `10000\r\n${'1'.repeat(0x10000)}\r\n`
        return request('POST', 'BASE/CHANNEL', [json, 'Transfer-Encoding: chunked'])(place) + chunk.repeat(5)
      },
      'batch-declared': request('POST', 'BASE', [json, `Content-Length: ${1024 * 1024 + 1}`]),
    },
  ),
  ...row(
    11,
    { status: 415, code: 'unsupported_media_type' },
    {
      text: post('1', ['Content-Type: text/plain']),
      form: post('a=1', ['Content-Type: application/x-www-form-urlencoded']),
      multipart: post('--x--', ['Content-Type: multipart/form-data; boundary=x']),
      'no-type': post('1', []),
      'batch-of-text': request('POST', 'BASE', ['Content-Type: text/plain'], '[]'),
      'batch-of-bytes': request('POST', 'BASE', ['Content-Type: application/octet-stream'], '[]'),
    },
  ),
  ...row(
    12,
    { status: 415, code: 'unsupported_encoding', headers: { 'accept-encoding': 'identity' } },
    {
      gzip: post('1', [json, 'Content-Encoding: gzip']),
      br: post('1', [json, 'Content-Encoding: br']),
      zstd: post('1', [json, 'Content-Encoding: zstd']),
    },
  ),
  ...row(
    13,
    { status: 400, code: 'invalid_json' },
    {
      'not-json': post('{"a":'),
      'no-body': request('POST', 'BASE/CHANNEL', [json, 'Content-Length: 0']),
      'two-texts': post('1 2'),
      'lone-surrogate': post('"\\udc00"'),
      bom: post('\xef\xbb\xbf1'),
    },
  ),
  ...row(
    13,
    { status: 400, code: 'json_too_deep' },
    {
      deep: post(`${'['.repeat(33)}${']'.repeat(33)}`),
      'very-deep': post('['.repeat(100_000)),
    },
  ),
  ...row(
    13,
    { status: 400, code: 'invalid_utf8' },
    {
      'bad-utf8': post('"\xff"'),
      'overlong-utf8': post('"\xc0\xaf"'),
      'surrogate-utf8': post('"\xed\xa0\x80"'),
    },
  ),
  ...row(
    15,
    { status: 400, code: 'invalid_channel' },
    {
      'empty-channel': request('GET', 'BASE/'),
      'long-channel': request('GET', `BASE/${'x'.repeat(256)}`),
      'percent-channel': request('GET', 'BASE/a%20b'),
      'percent-slash': request('GET', 'BASE/a%2Fb'),
      'crlf-channel': request('GET', 'BASE/a%0D%0Ab'),
      'dots-channel': request('GET', 'BASE/a/../b'),
      'dot-channel': request('GET', 'BASE/./b'),
      'empty-segment': request('GET', 'BASE/a//b'),
      'trailing-slash': request('GET', 'BASE/a/'),
      'deep-own-channel': request('GET', 'BASE/a/_b'),
      'channel-by-query': request('GET', 'BASE?channel=a&channel=a//b'),
      'post-to-no-channel': request('POST', 'BASE/', [json], '1'),
      'upgrade-channel': request('GET', 'BASE/a//b', upgradeLines),
    },
  ),
  ...row(
    16,
    { status: 400, code: 'invalid_event_name' },
    {
      'crlf-event': post('1', [json], '?event=a%0D%0Ab'),
      'nul-event': post('1', [json], '?event=a%00b'),
      'open-event': post('1', [json], '?event=open'),
      'error-event': post('1', [json], '?event=error'),
      'own-event': post('1', [json], '?event=$reset'),
      'empty-event': post('1', [json], '?event='),
      'long-event': post('1', [json], `?event=${'x'.repeat(129)}`),
    },
  ),
  ...row(
    17,
    { status: 403, code: 'origin_not_allowed', headers: noCors },
    {
      'foreign-post': post('1', [json, 'Origin: https://evil.test']),
      'null-post': post('1', [json, 'Origin: null']),
      'unparsable-post': post('1', [json, 'Origin: ://[']),
      'foreign-batch': request('POST', 'BASE', [json, 'Origin: https://evil.test'], '[]'),
      'foreign-upgrade': upgrade(['Origin: https://evil.test']),
      'null-upgrade': upgrade(['Origin: null']),
      'unparsable-upgrade': upgrade(['Origin: localhost']),
      'lookalike-upgrade': upgrade(['Origin: http://localhost.evil.test']),
      'foreign-stream': get(['Origin: https://evil.test']),
      'foreign-history': get(['Origin: https://evil.test'], '?limit=1'),
    },
  ),
  ...row(
    18,
    { status: 426, headers: { 'sec-websocket-version': '13' } },
    {
      'version-8': upgrade(['Sec-WebSocket-Version: 8']),
      'version-14': upgrade(['Sec-WebSocket-Version: 14']),
    },
  ),
  ...row(
    18,
    { status: 400 },
    {
      'no-key': upgrade(['Sec-WebSocket-Key:']),
      'short-key': upgrade(['Sec-WebSocket-Key: c2hvcnQ=']),
      'duplicate-subprotocol': upgrade(['Sec-WebSocket-Protocol: fairlead.v1.json, fairlead.v1.json']),
    },
  ),
  ...row(18, { status: 405 }, { 'post-upgrade': upgrade([], 'POST') }),
  ...row(
    23,
    { status: 400, code: 'invalid_position' },
    {
      'malformed-header': get(['Last-Event-ID: 42']),
      'long-header': get([`Last-Event-ID: ${long}`]),
      'header-twice': get(['Last-Event-ID: k3f9.1', 'Last-Event-ID: k3f9.2']),
      'malformed-after': get([], '?after=k3f9-42'),
      'long-after': get([], `?after=${long}`),
      'after-twice': get([], '?after=k3f9.1&after=k3f9.1'),
      'too-far': get([], '?after=k3f9.9007199254740992'),
      'malformed-channel-at': request('GET', 'BASE?channel=CHANNEL@k3f9&channel=b'),
      'malformed-upgrade': request('GET', 'BASE/CHANNEL?after=42', upgradeLines),
    },
  ),
  ...row(
    31,
    { status: 400, code: 'unknown_parameter' },
    { 'unknown-parameter': post('1', [json], '?evnet=x') },
  ),
  ...row(31, { status: 414, code: 'uri_too_long' }, { 'long-target': get([], `?x=${'x'.repeat(9000)}`) }),
  ...row(31, { status: 417 }, { 'unknown-expect': post('1', [json, 'Expect: dance']) }),
  ...row(
    31,
    { status: 400, closes: true },
    {
      'tls-hello': () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\x01'.repeat(60)}`,
      'h2-preface': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    },
  ),
  ...row(31, { status: 400, code: 'invalid_key' }, { 'bad-key': post('1', [json, 'Idempotency-Key: a b']) }),
  ...row(31, { status: 400, code: 'invalid_client' }, { 'bad-client': get([], '?client=short') }),
]
