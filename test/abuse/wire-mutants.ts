import { seededRandom } from '../../src/testing/index.ts'
import { latin1 } from './bytes.ts'
import { writeFrame } from './websocket-line.ts'

/** What is almost a good request or good frames, wrong by chance in a few bytes: the same for the same seed. */

const requests = [
  'GET /live/orders?after=k3f9.1&limit=10 HTTP/1.1\r\nHost: HOST\r\nAccept: text/event-stream, */*;q=0.1\r\n\r\n',
  'GET /live?channel=a@k3f9.2&channel=b&format=envelope HTTP/1.1\r\nHost: HOST\r\nLast-Event-ID: k3f9.42\r\n\r\n',
  'POST /live/orders?event=new&tag=a HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nIdempotency-Key: abc\r\nContent-Length: 22\r\n\r\n{"a":[1,2,{"b":"c"}]} ',
  'POST /live HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n[{"op":"send","ref":1,"channel":"a","key":"k"\r\n1\r\n,\r\n9\r\n"data":1}\r\n1\r\n]\r\n0\r\n\r\n',
  'OPTIONS /live/a HTTP/1.1\r\nHost: HOST\r\nOrigin: http://localhost\r\nAccess-Control-Request-Method: POST\r\n\r\n',
  'GET /live/a?client=abcdefgh HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fairlead.v1.json\r\n\r\n',
  'POST /live/_presence HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"op":"alive","client":"abcdefgh","channels":["a"]}',
]

const messages = [
  '{"op":"subscribe","ref":1,"channel":"orders","after":"k3f9.42"}',
  '{"op":"send","ref":2,"channel":"chat/7","event":"say","data":{"a":[1,"\\u00e9"]},"key":"k","tag":"t","batch":1}',
  '{"op":"unsubscribe","ref":3,"channel":"orders"}',
  '{"op":"auth","ref":4,"token":"t"}',
]

const tokens = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\xff',
  '%',
  '%00',
  '/../',
  '//',
  '?',
  '&',
  '@',
  '"',
  '\\',
  '{',
  '[',
  '__proto__',
  '9007199254740993',
  '-1',
  '1e999',
  ':',
  ',',
  ';q=',
  '\t',
  ' ',
]

/** So many mutants: of requests where a host is given, else of frames. */
export function mutants(n: number, seed: number, host?: string): Buffer[] {
  const random = seededRandom(seed)
  const pick = (length: number): number => Math.floor(random() * length)
  return Array.from({ length: n }, (_, i) => {
    const original =
      host === undefined ? framesOf(i) : latin1(requests[i % requests.length]!.replace('HOST', host))
    return mutate(original, 1 + pick(4), pick)
  })
}

function framesOf(i: number): Buffer {
  const payload = messages[i % messages.length]!
  if (i % 3 > 0) return writeFrame({ opcode: 1, payload })
  const header = Buffer.alloc(4)
  header.writeUInt32BE(payload.length)
  return writeFrame({ opcode: 2, payload: Buffer.concat([header, Buffer.from(payload), Buffer.alloc(9)]) })
}

function mutate(original: Buffer, times: number, pick: (length: number) => number): Buffer {
  let bytes = Buffer.from(original)
  for (let i = 0; i < times; i++) {
    const at = pick(bytes.length)
    const end = Math.min(bytes.length, at + 1 + pick(8))
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
    const ways = [
      () => [before, after],
      () => [before, middle, middle, after],
      () => [before, latin1(tokens[pick(tokens.length)]!), middle, after],
      () => [before, Uint8Array.of(pick(256)), after],
      () => [before, Uint8Array.of((middle[0] ?? 0) ^ (1 << pick(8))), middle.subarray(1), after],
      () => [before],
    ]
    bytes = Buffer.concat(ways[pick(ways.length)]!())
    if (bytes.length === 0) return Buffer.from(original)
  }
  return bytes
}
