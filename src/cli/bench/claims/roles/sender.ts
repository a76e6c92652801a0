import { Agent, request } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { stamp } from '../../../../load/tally.ts'
import { serveActions, type Usage, usage } from '../role.ts'

/** A page that sends small messages: as POSTs with a browser's headers, or as frames. */

/** How messages go up. A frame needs no answer; `websocket-answered` waits for one each, as a POST does. */
export type Upstream = 'websocket' | 'websocket-answered' | 'http1' | 'http2'

/** What a browser sends with each request of a page that is signed in, here with invented values. */
const browserHeaders = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  accept: '*/*',
  'accept-language': 'en-GB,en;q=0.9',
  'accept-encoding': 'gzip, deflate, br, zstd',
  origin: 'https://app.example.com',
  referer: 'https://app.example.com/board/42',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes',
  'content-type': 'application/json',
}

/** Of a browser's six connections one is held by the event stream. */
const socketsBesideStream = 5
/** How many messages wait for their answer at most, where no pace is asked for. */
const window = 64
const answerMs = 20_000

/** One way up: sends a message and resolves when it is answered, or was written where nothing answers. */
interface Way {
  send(message: string): Promise<void>
  close(): void
}

async function openWay(kind: Upstream, port: number, path = '/up'): Promise<Way> {
  if (kind === 'http1') return openHttp1(port, path)
  if (kind === 'http2') return openHttp2(port, path)
  return openWebSocket(port, path, kind === 'websocket-answered')
}

function openHttp1(port: number, path: string): Way {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsBesideStream })
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        const headers = { ...browserHeaders, 'content-length': Buffer.byteLength(message) }
        const asked = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers })
        asked.on('error', reject)
        asked.on('response', (response) => response.resume().on('end', resolve))
        asked.end(message)
      }),
    close: () => agent.destroy(),
  }
}

function openHttp2(port: number, path: string): Way {
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {}) // Each request of it is told.
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        const length = { 'content-length': Buffer.byteLength(message) }
        const stream = session.request({ ':method': 'POST', ':path': path, ...browserHeaders, ...length })
        stream.on('error', reject)
        stream.on('end', resolve)
        stream.resume().end(message)
      }),
    close: () => session.destroy(),
  }
}

async function openWebSocket(port: number, path: string, answered: boolean): Promise<Way> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}${answered ? '?answer' : ''}`, {
    perMessageDeflate: false,
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const answers: (() => void)[] = []
  socket.on('message', () => answers.shift()?.())
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (answered) answers.push(resolve)
        socket.send(message, (error) => (error ? reject(error) : answered || resolve()))
      }),
    // What is written and on its way still arrives.
    close: () => socket.close(),
  }
}

const actions = {
  /** Sends stamped messages: at a pace, or (0) as fast as answers come; numbers them where `numbered`. */
  async send(what: {
    kind: Upstream
    port: number
    path?: string
    count: number
    perSecond: number
    bytes: number
    numbered?: boolean
  }): Promise<{ failed: number; ms: number; cpuUs: number }> {
    const way = await openWay(what.kind, what.port, what.path)
    // The connection is there, as a page's is; without a stamp, so that it is no delay.
    await way.send(what.numbered ? '-1' : '{}')
    const before = usage(false).cpuUs
    const began = performance.now()
    const flying = new Set<Promise<void>>()
    let failed = 0
    for (let i = 0; i < what.count; i++) {
      if (what.perSecond > 0) {
        const left = (i * 1000) / what.perSecond - (performance.now() - began)
        if (left >= 1) await wait(left)
      } else if (flying.size >= window) await Promise.race(flying)
      const one: Promise<void> = way
        .send(message(what, i))
        .catch(() => void failed++)
        .finally(() => flying.delete(one))
      flying.add(one)
    }
    await Promise.race([Promise.all(flying), wait(answerMs)])
    const used = usage(false).cpuUs - before
    way.close()
    return { failed: failed + flying.size, ms: performance.now() - began, cpuUs: used }
  },
  usage: ({ clear }: { clear: boolean }): Usage => usage(clear),
}

/** The stamp is when it was sent by the program; a wait for a free connection counts as delay. */
function message({ bytes, numbered }: { bytes: number; numbered?: boolean }, i: number): string {
  if (numbered) return String(i)
  const head = `{"sent":${stamp()},"pad":"`
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`
}

/** Of the process. */
export type Sender = typeof actions

serveActions(actions)
