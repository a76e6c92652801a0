import { WebSocket } from 'ws'
import { json, request, upgradeLines } from '../../src/testing/server-cases/bad-request.ts'
import { openHttp } from '../../src/testing/wire/http.ts'
import { within } from '../../src/testing/wire/inbox.ts'
import { createBlockSplitter } from '../../src/testing/wire/sse.ts'
import { tickingChannel } from './bystander-channel.ts'
import { type Way, ways } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'
import { type HttpCase, httpCase } from './http-case.ts'
import { endedToken, forgedTokens, inSeconds, tokenOf } from './signed-tokens.ts'
import { describeFrames, websocketCase } from './websocket-case.ts'
import { type HeardFrame, talk } from './websocket-line.ts'

/** Rows 20 and 21: tokens that nobody made, and tokens that have ended, before a stream and in the middle of one. */

const auth = (token: string): string => JSON.stringify({ op: 'auth', ref: 1, token })

/** One request with a token that is made when it is sent. */
function shown(
  row: string,
  name: string,
  code: string,
  token: () => string,
  [method, path, lines = [], body]: readonly [string, string, (readonly string[])?, string?],
): HttpCase {
  return {
    row,
    name,
    at: 'signed',
    status: 401,
    code,
    headers: { 'www-authenticate': 'Bearer' },
    bytes: (place) => request(method, path, [...lines, `Authorization: Bearer ${token()}`], body)(place),
  }
}

/** How a token is shown over HTTP. */
const requests = {
  stream: ['GET', 'BASE/news'],
  'public-stream': ['GET', 'BASE/open'],
  history: ['GET', 'BASE/news?limit=1'],
  send: ['POST', 'BASE/news', [json], '1'],
  batch: ['POST', 'BASE', [json], '[]'],
  presence: ['GET', 'BASE/_presence/news'],
  upgrade: ['GET', 'BASE/news', upgradeLines],
} as const

const forged: readonly AbuseCase[] = Object.entries(forgedTokens).flatMap(([name, token]) => [
  httpCase(shown('20', `forged-${name}`, 'invalid_token', token, requests.history)),
  said('20', `forged-${name}-said`, token, 'error invalid_token', ['whole', 'pipelined']),
])

const expired: readonly AbuseCase[] = [
  ...Object.entries(requests).map(([name, how]) =>
    httpCase(shown('21', `expired-${name}`, 'token_expired', endedToken, how)),
  ),
  httpCase({
    row: '21',
    name: 'expired-within-the-leeway',
    at: 'signed',
    status: 200,
    holds: '"position"',
    bytes: (place) => request('GET', 'BASE/news?limit=1', [`Authorization: Bearer ${endedToken(15)}`])(place),
  }),
  said('21', 'expired-said', endedToken, 'error token_expired'),
]

/** The token in a WebSocket's `auth`, which is what a page of a browser can do. */
function said(
  row: string,
  name: string,
  token: () => string,
  expected: string,
  tried: readonly Way[] = ways,
): AbuseCase {
  const frames = () => [{ opcode: 1, payload: auth(token()) }]
  const one = websocketCase('bad input', { row, name, at: 'signed', path: '/live', frames, expected })
  return { ...one, ways: tried }
}

/** How long a token lasts that ends in the middle: after its leeway a second or two. */
const shortToken = (): string => tokenOf({ exp: inSeconds(-28) })

/** Nothing may come later than this after the end and its leeway, in milliseconds. */
const lateMs = 5_000

/** What was seen until a stream's end: events that came, what was said last, and whether it was in time. */
function ending(began: number, events: readonly number[], last: string): string {
  // The token was made at `began` at the latest: 2 s, rounded up, and what the contract allows beside.
  const late = events.filter((at) => at > began + 3_000 + lateMs).length
  return [events.length > 0 ? 'events' : 'no events', last, late === 0 ? 'none late' : `${late} late`].join(
    ', ',
  )
}

async function streamToItsEnd({ ports }: Stage): Promise<string> {
  const began = Date.now()
  const events: number[] = []
  let last = ''
  const response = await openHttp(new URL(`http://127.0.0.1:${ports.signed}/live/${tickingChannel}`), {
    headers: { authorization: `Bearer ${shortToken()}` },
  })
  response.setEncoding('utf8')
  response.on(
    'data',
    createBlockSplitter(({ event, data }) => {
      if (event === 'tick') events.push(Date.now())
      last = event === '$bye' ? `bye ${(JSON.parse(data ?? '{}') as { reason: string }).reason}` : event
    }),
  )
  await within('the end of a stream', new Promise((resolve) => response.on('close', resolve)), 20_000)
  return ending(began, events, `${last}, end`)
}

async function socketToItsEnd({ ports }: Stage): Promise<string> {
  const began = Date.now()
  const heard = await talk({
    port: ports.signed,
    path: `/live/${tickingChannel}`,
    lines: [`Authorization: Bearer ${shortToken()}`],
    bytes: new Uint8Array(0),
    way: 'whole',
    withinMs: 20_000,
  })
  const isEvent = ({ opcode, payload }: HeardFrame): boolean =>
    opcode === 1 && payload.includes('"op":"event"')
  const told = heard.frames.some(({ payload }) => payload.includes('"reason":"auth_expired"'))
  const events = heard.frames.filter(isEvent)
  const times = events.map(({ payload }) => (JSON.parse(payload.toString()) as { data: number }).data)
  const close = describeFrames({ ...heard, frames: heard.frames.slice(-1) })
  return ending(began, times, [told ? 'bye auth_expired' : 'no bye', close].join(', '))
}

/** Polls again and again with the token that it has, as a client without the SDK does. */
async function pollsToTheirEnd({ ports }: Stage): Promise<string> {
  const began = Date.now()
  const headers = { authorization: `Bearer ${shortToken()}` }
  const events: number[] = []
  for (let after = 'latest'; ; ) {
    const url = `http://127.0.0.1:${ports.signed}/live/${tickingChannel}?after=${after}&wait=30`
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) })
    const body = (await answer.json()) as { position: string; code?: string; events?: readonly unknown[] }
    if (answer.status !== 200) return ending(began, events, `${answer.status} ${body.code}`)
    for (const _ of body.events ?? []) events.push(Date.now())
    after = body.position
  }
}

/** A poll that waits on a channel where nothing comes. */
async function pollInSilence({ ports }: Stage): Promise<string> {
  const began = Date.now()
  const url = `http://127.0.0.1:${ports.signed}/live/sent/silence?wait=30`
  const headers = { authorization: `Bearer ${shortToken()}` }
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(40_000) })
  const { code } = (await answer.json()) as { code?: string }
  const inTime = Date.now() - began < 3_000 + lateMs ? 'in time' : 'late'
  return `${answer.status} ${code}, ${inTime}`
}

/** A WebSocket that follows nothing, and sends: each send is answered until the socket is closed. */
async function sendAfterTheEnd({ ports }: Stage): Promise<string> {
  const headers = { authorization: `Bearer ${shortToken()}` }
  const ws = new WebSocket(`ws://127.0.0.1:${ports.signed}/live`, { headers })
  const ops: string[] = []
  ws.on('message', (data) => void ops.push((JSON.parse(String(data)) as { op: string }).op))
  ws.on('error', () => {})
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  await within('the opening of a WebSocket', new Promise((resolve) => ws.on('open', resolve)))
  let ref = 0
  const sending = setInterval(() => {
    if (ws.readyState !== ws.OPEN) return
    ws.send(JSON.stringify({ op: 'send', ref: ++ref, channel: 'sent/late', data: ref }))
  }, 100)
  try {
    const code = await within('the close of a WebSocket', closed, 20_000)
    const refused = ops.includes('error') ? 'an error' : 'no error'
    return `${ops.includes('ok') ? 'stored before' : 'none stored'}, ${refused}, close ${code}`
  } finally {
    clearInterval(sending)
    ws.terminate()
  }
}

const middle: readonly (readonly [string, string, (stage: Stage) => Promise<string>])[] = [
  ['stream', 'events, bye auth_expired, end, none late', streamToItsEnd],
  ['websocket', 'events, bye auth_expired, close 4102, none late', socketToItsEnd],
  ['long-poll', 'events, 401 token_expired, none late', pollsToTheirEnd],
  ['waiting-poll', '401 token_expired, in time', pollInSilence],
  ['send', 'stored before, no error, close 4102', sendAfterTheEnd],
]

/** Each as a case. */
export const tokenInputs: readonly AbuseCase[] = [
  ...forged,
  ...expired,
  ...middle.map(
    ([name, expected, run]): AbuseCase => ({
      table: 'bad input',
      row: '21',
      name: `expires-in-mid-${name}`,
      expected,
      ways: ['whole', 'in parallel'],
      try: (stage) => run(stage),
    }),
  ),
]
