import { type ChildProcess, fork } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tokens } from '../src/access/tokens.ts'
import { createServer } from '../src/server/create-server.ts'
import { get, json, post, request, upgrade } from '../src/testing/server-cases/bad-request.ts'
import { type Comparison, runBench } from './rounds.ts'

/*
 * What refusing costs beside serving: the CPU that a server's process uses for 1,000 bad requests, by that for 1,000 good
 * ones of the same kind, in rounds that take turns. Each input twice: as a server answers by default, where an address is
 * turned away after 100 refusals in 10 s, and with that budget off, where each of the thousand is refused for what it is.
 */

/** `--only TEXT`: the inputs whose names contain it. */
const { only = '' } = parseArgs({ options: { only: { type: 'string' } }, strict: false }).values
const requests = 1_000
const atOnce = 10
/** Every client address of a run is another, so that one input's refusals are not another's. */
let address = 1

interface Input {
  readonly name: string
  readonly bytes: (token: string) => string
  /** What a good request of this kind is. @default 'read' */
  readonly like?: keyof typeof good
}

const place = { host: '127.0.0.1', base: '/live', channel: 'open' }
const bearer = (token: string) => `Authorization: Bearer ${token}`
const mine = (token: string) => request('GET', 'BASE/mine?limit=1', [bearer(token)])(place)
const chunked = (size: number) =>
  `POST /live/open HTTP/1.1\r\nHost: 127.0.0.1\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'1'.repeat(size)}\r\n0\r\n\r\n`
const parts = (token: string) => token.split('.') as [string, string, string]

const good = {
  read: () => get([], '?limit=1')(place),
  send: () => post('{"x":1}')(place),
  large: () => post(`"${'1'.repeat(256 * 1024 - 2)}"`)(place),
  signed: mine,
  upgrade: () => upgrade([])(place),
} as const

const inputs: readonly Input[] = [
  { name: '1 no Host', bytes: () => 'GET /live/open HTTP/1.1\r\n\r\n' },
  { name: '2 two Hosts', bytes: () => get(['Host: a', 'Host: b'])(place) },
  { name: '4 17 KiB of headers', bytes: () => get([`a: ${'x'.repeat(17 * 1024)}`])(place) },
  { name: '5 2,100 headers', bytes: () => get(new Array(2_100).fill('a:'))(place) },
  {
    name: '6 length and chunks',
    bytes: () => get(['Content-Length: 1', 'Transfer-Encoding: chunked'])(place),
  },
  { name: '8 bad path', bytes: () => request('GET', '/live/%FF')(place) },
  { name: '9 wrong method', bytes: () => request('PUT', 'BASE/CHANNEL')(place) },
  {
    name: '10 too large, declared',
    bytes: () => request('POST', 'BASE/CHANNEL', [json, 'Content-Length: 300000'])(place),
    like: 'send',
  },
  { name: '10 too large, streamed', bytes: () => chunked(300_000), like: 'large' },
  { name: '11 text/plain', bytes: () => post('1', ['Content-Type: text/plain'])(place), like: 'send' },
  { name: '12 gzip', bytes: () => post('1', [json, 'Content-Encoding: gzip'])(place), like: 'send' },
  { name: '13 no JSON', bytes: () => post('{')(place), like: 'send' },
  { name: '13 33 levels', bytes: () => post('['.repeat(33) + ']'.repeat(33))(place), like: 'send' },
  {
    name: '13 130,000 levels',
    bytes: () => post('['.repeat(130_000) + ']'.repeat(130_000))(place),
    like: 'large',
  },
  { name: '13 no UTF-8', bytes: () => post('"\xff"')(place), like: 'send' },
  { name: '15 bad channel', bytes: () => request('GET', 'BASE/a//b?limit=1')(place) },
  { name: '16 bad event name', bytes: () => post('1', [json], '?event=%0A')(place), like: 'send' },
  {
    name: '17 foreign Origin',
    bytes: () => post('1', [json, 'Origin: https://a.example'])(place),
    like: 'send',
  },
  {
    name: '17 foreign Origin, upgrade',
    bytes: () => upgrade(['Origin: https://a.example'])(place),
    like: 'upgrade',
  },
  { name: '18 version 8', bytes: () => upgrade(['Sec-WebSocket-Version: 8'])(place), like: 'upgrade' },
  { name: '19 no token', bytes: () => request('GET', 'BASE/mine?limit=1')(place) },
  {
    name: '20 no signature',
    bytes: (token) => mine(`${parts(token)[0]}.${parts(token)[1]}.AAAA`),
    like: 'signed',
  },
  {
    name: '20 alg none',
    bytes: (token) => mine(`eyJhbGciOiJub25lIn0.${parts(token)[1]}.AAAA`),
    like: 'signed',
  },
  {
    name: '20 forged, each another',
    bytes: (token) => mine(`${parts(token)[0]}.${parts(token)[1]}.${sign(String(Math.random()))}`),
    like: 'signed',
  },
  { name: '20 expired', bytes: () => mine(goodToken(1_000_000_000)), like: 'signed' },
  {
    name: '22 forbidden',
    bytes: (token) => request('GET', 'BASE/nothing?limit=1', [bearer(token)])(place),
    like: 'signed',
  },
  { name: '23 bad position', bytes: () => get(['Last-Event-ID: x'])(place) },
  { name: 'unknown parameter', bytes: () => post('1', [json], '?x=1')(place), like: 'send' },
  { name: 'bad limit', bytes: () => get([], '?limit=-1')(place) },
]

const secret = process.env.BENCH_SECRET ?? randomBytes(32).toString('base64')

function sign(text: string): string {
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(text).digest('base64url')
}

function goodToken(exp = 4_000_000_000): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({ alg: 'HS256' })}.${encode({ sub: 'ada', exp, subscribe: ['mine'] })}`
  return `${text}.${sign(text)}`
}

/** The server's process: tells the CPU time that it has used, in microseconds, whenever it is asked. */
async function serve(budget: boolean): Promise<void> {
  const server = createServer({
    channels: { open: { read: 'public', send: 'public' }, mine: { read: 'signed-in' } },
    tokens: tokens({ keys: [{ alg: 'HS256', secret: Buffer.from(secret, 'base64') }] }),
    limits: {
      address: { messagesPerSecond: false, bytesPerSecond: false, connections: false },
      ...(!budget && { refusals: false }),
    },
  })
  const { port } = await server.listen({ port: 0 })
  process.on('disconnect', () => process.exit())
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.send?.(port)
}

async function startServer(budget: boolean) {
  const child = fork(fileURLToPath(import.meta.url), [budget ? 'budget' : 'none'], {
    env: { ...process.env, BENCH_SECRET: secret },
    execArgv: ['--import', 'tsx'],
  })
  const port = await said(child)
  const cpu = () => {
    child.send('cpu')
    return said(child)
  }
  return { child, port, cpu }
}

function said(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`The server's process ended with ${code}.`)))
  })
}

/** Milliseconds of the server's CPU for a thousand of these, each on a connection of its own. */
async function cost(server: Awaited<ReturnType<typeof startServer>>, bytes: () => string): Promise<number> {
  // Addresses of this machine's loopback: 127.0.0.0/8 is all of it (Linux).
  address++
  const from = `127.1.${address >> 8}.${address & 255}`
  const before = await server.cpu()
  let left = requests
  const worker = async () => {
    while (left-- > 0) await exchange(server.port, from, bytes())
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return ((await server.cpu()) - before) / 1_000
}

function exchange(port: number, localAddress: string, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const line = connect({ port, host: '127.0.0.1', localAddress })
    line.on('error', () => {})
    line.on('close', () => resolve())
    line.once('data', () => line.destroy())
    line.write(Buffer.from(bytes, 'latin1'))
  })
}

async function compare(): Promise<void> {
  const servers = { 'budget off': await startServer(false), 'by default': await startServer(true) }
  const token = goodToken()
  const chosen = inputs.filter(({ name }) => name.includes(String(only)))
  if (chosen.length === 0) throw new Error(`No input is called ${only}: leave --only out to see them all.`)
  const comparisons = chosen.flatMap(({ name, bytes, like = 'read' }) =>
    Object.entries(servers).map(
      ([mode, server]): Comparison => ({
        name: `${name}, ${mode}`,
        unit: 'ms of CPU for 1,000',
        ours: () => cost(server, () => bytes(token)),
        peer: () => cost(server, () => good[like](token)),
        aim: { atMost: 1 },
      }),
    ),
  )
  await runBench('Refusing (ours) by serving (peer)', comparisons)
  for (const { child } of Object.values(servers)) child.kill()
}

if (process.send) await serve(process.argv.includes('budget'))
else await compare()
