import { createHash } from 'node:crypto'
import type { BadRequest, Place } from '../../src/testing/server-cases/bad-request.ts'
import { inPieces, latin1, openLine, type Pieces, type Way, ways } from './bytes.ts'
import { type AbuseCase, channelOf, type Stage } from './case.ts'
import type { ServerName } from './victim.ts'

/** An answer to a request, as it stood on the wire. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly closed: boolean
  /** All bytes, earlier answers included, as Latin-1. */
  readonly text: string
}

/** A request over HTTP, what must come back, and how that is said. */
export interface HttpCase extends Omit<BadRequest, 'row' | 'bytes'> {
  readonly row: string
  /** The bytes, as Latin-1; KEY stands for an idempotency key that no other case uses. */
  bytes(place: LogPlace): string
  /** A good request that is answered before it is sent. */
  before?(place: LogPlace): string
  /** @default 'dev' */
  readonly at?: ServerName | undefined
  readonly ways?: readonly Way[] | undefined
  readonly long?: boolean | undefined
  /** Something that must stand in what comes back, which is a stream perhaps: it is waited for. */
  readonly holds?: string | undefined
  /** How many events stand in its channel afterwards. @default 0 */
  readonly stores?: number | undefined
}

/** A place of a log whose epoch is known. */
interface LogPlace extends Place {
  readonly epoch: string
}

/** A server that drains closes the connection with its first answer: nothing behind that is answered. */
const onItsOwn = ways.filter((way) => way !== 'pipelined')

/** Makes a case of it. */
export function httpCase(one: HttpCase): AbuseCase {
  const { row, name, long } = one
  const self: AbuseCase = {
    table: 'bad input',
    row,
    name,
    long,
    ways: one.ways ?? (one.at === 'draining' ? onItsOwn : ways),
    expected: expectation(one),
    try: async (stage, way) => {
      const channel = channelOf(self, way)
      const answer = await ask(stage, one, way, channel)
      if (!answer) return 'no answer'
      const seen = describe(answer, one)
      // In parallel all share a channel: whoever looks last sees what any of them stored.
      return seen + (await storedBeside(stage, one, channel, way))
    },
  }
  return self
}

/** Sends it in one way and reads its answer. */
async function ask(stage: Stage, one: HttpCase, way: Way, channel: string): Promise<Answer | undefined> {
  const port = stage.ports[one.at ?? 'dev']
  const place = { host: `127.0.0.1:${port}`, base: '/live', channel, epoch: stage.epoch }
  const key = createHash('sha1').update(channel).digest('hex')
  const fill = (text: string): Buffer => latin1(text.replaceAll('KEY', key))
  if (one.before) await exchange(port, [fill(one.before(place))], 0, one)
  if (way !== 'pipelined') return exchange(port, inPieces(fill(one.bytes(place)), way), 0, one)
  const behind = latin1(goodRequest(place.host))
  return exchange(port, [Buffer.concat([behind, fill(one.bytes(place))])], 1, one)
}

/** Sends bytes on a connection of their own, and reads the answer that comes after `skip` others. */
async function exchange(
  port: number,
  pieces: Pieces,
  skip: number,
  one: HttpCase,
): Promise<Answer | undefined> {
  const line = openLine(port)
  try {
    await line.send(pieces)
    const { bytes, closed } = await line.until((bytes) => isWhole(parseAnswer(bytes, skip, false), one))
    return parseAnswer(bytes, skip, closed)
  } finally {
    line.cut()
  }
}

function goodRequest(host: string): string {
  return `OPTIONS /live/good HTTP/1.1\r\nHost: ${host}\r\n\r\n`
}

/** An answer that promises to close is whole only when the connection is. */
function isWhole(answer: Answer | undefined, { holds, closes }: HttpCase): boolean {
  if (!answer) return false
  if (holds !== undefined && !closes) return answer.body.includes(holds)
  if (answer.headers.get('connection') === 'close') return false
  return answer.body.length >= Number(answer.headers.get('content-length') ?? 0)
}

/** Reads the answer after `skip` answers without a body. */
export function parseAnswer(bytes: Buffer, skip: number, closed: boolean): Answer | undefined {
  const text = bytes.toString('latin1')
  let start = 0
  for (let i = 0; i < skip; i++) {
    const end = text.indexOf('\r\n\r\n', start)
    if (end === -1) return undefined
    start = end + 4
  }
  const end = text.indexOf('\r\n\r\n', start)
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(start, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4), closed, text }
}

function expectation({ status, code, headers = {}, closes, holds }: HttpCase): string {
  return say({
    status,
    code,
    headers: Object.entries(headers).map(([name, value]) => [name, value === '' ? 'any' : value]),
    closed: closes === true,
    holds,
    faults: [],
  })
}

/** What was seen, of what the case asks for. */
function describe(answer: Answer, one: HttpCase): string {
  const { code, headers = {}, closes, holds } = one
  const seenCode = code === undefined ? undefined : /"code":"(\w+)"/.exec(answer.body)?.[1]
  return say({
    status: answer.status,
    code: seenCode,
    headers: Object.entries(headers).map(([name, value]) => [
      name,
      value === '' && answer.headers.has(name) ? 'any' : answer.headers.get(name),
    ]),
    closed: closes === true && answer.closed,
    holds: holds !== undefined && answer.body.includes(holds) ? holds : undefined,
    faults: code === undefined ? [] : faultsOf(answer),
  })
}

/** What every refusal must be (PROTOCOL.md, section 9). */
function faultsOf({ headers }: Answer): string[] {
  return [
    ...(headers.get('content-type') === 'application/problem+json' ? [] : ['no problem+json']),
    ...(headers.get('cache-control') === 'no-store' ? [] : ['may be cached']),
  ]
}

interface Said {
  readonly status: number
  readonly code: string | undefined
  readonly headers: readonly (readonly [string, string | undefined])[]
  readonly closed: boolean
  readonly holds: string | undefined
  readonly faults: readonly string[]
}

function say({ status, code, headers, closed, holds, faults }: Said): string {
  return [
    [status, code].filter((part) => part !== undefined).join(' '),
    ...headers.map(([name, value]) => (value === undefined ? `no ${name}` : `${name}: ${value}`)),
    ...(closed ? ['closed'] : []),
    ...(holds === undefined ? [] : [JSON.stringify(holds)]),
    ...faults,
  ].join(', ')
}

/** What stands in the case's channel and should not, or does not and should. */
async function storedBeside(stage: Stage, one: HttpCase, channel: string, way: Way): Promise<string> {
  const { at = 'dev', stores = 0 } = one
  if (at !== 'dev' || (way === 'in parallel' && Math.random() > 0.02)) return ''
  const answer = await fetch(`http://127.0.0.1:${stage.ports.dev}/live/${channel}?after=earliest&limit=100`)
  const { events } = (await answer.json()) as { events: unknown[] }
  const right = way === 'in parallel' ? events.length > 0 === stores > 0 : events.length === stores
  return right ? '' : `, stored ${events.length}`
}
