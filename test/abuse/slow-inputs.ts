import { inPieces, latin1, openLine, type Way, ways } from './bytes.ts'
import type { AbuseCase } from './case.ts'
import { parseAnswer } from './http-case.ts'

/** Requests that never become whole (row 7), and one that is not meant for a server like this (CONNECT). */

interface Unfinished {
  readonly name: string
  readonly row: string
  readonly expected: string
  readonly long?: boolean
  readonly ways?: readonly Way[]
  /** What is sent; in the way byte by byte another byte follows every half second. */
  head(host: string): string
}

const unfinished: readonly Unfinished[] = [
  {
    row: '7',
    name: 'headers-without-end',
    expected: '408 request_timeout, closed',
    long: true,
    ways: ways.filter((way) => way !== 'pipelined'),
    head: (host) => `GET /live/slow HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
  },
  {
    // Node counts what came with a request before it as idling: the connection ends after 5 s, without words.
    row: '7',
    name: 'headers-without-end-after-a-request',
    expected: 'closed',
    long: true,
    ways: ['pipelined'],
    head: (host) => `GET /live/slow HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `,
  },
  {
    row: '7',
    name: 'body-without-end',
    expected: '408 request_timeout, closed',
    long: true,
    head: (host) =>
      `POST /live/slow HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"`,
  },
  {
    row: '7',
    name: 'chunks-without-end',
    expected: '408 request_timeout, closed',
    long: true,
    head: (host) =>
      `POST /live/slow HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n"`,
  },
  {
    row: 'more',
    name: 'connect',
    expected: 'closed',
    head: () => 'CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n',
  },
]

/** Each as a case. */
export const slowInputs: readonly AbuseCase[] = unfinished.map(
  ({ row, name, expected, long, ways: own, head }) => ({
    table: 'bad input',
    row,
    name,
    expected,
    long,
    ways: own ?? ways,
    try: (stage, way) => wait(stage.ports.dev, way, head(`127.0.0.1:${stage.ports.dev}`)),
  }),
)

async function wait(port: number, way: Way, head: string): Promise<string> {
  const line = openLine(port)
  const behind = way === 'pipelined' ? `OPTIONS /live/good HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n` : ''
  let drops: ReturnType<typeof setInterval> | undefined
  try {
    await line.send(inPieces(latin1(behind + head), way))
    if (way === 'byte by byte') drops = setInterval(() => line.socket.write('x'), 500)
    const { bytes, closed } = await line.until(() => false, 120_000)
    const answer = parseAnswer(bytes, way === 'pipelined' ? 1 : 0, closed)
    const code = /"code":"(\w+)"/.exec(answer?.body ?? '')?.[1]
    return [answer && `${answer.status} ${code}`, closed && 'closed'].filter(Boolean).join(', ')
  } finally {
    clearInterval(drops)
    line.cut()
  }
}
