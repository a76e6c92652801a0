import { subscribe } from 'node:diagnostics_channel'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tickets } from '../../src/access/tickets.ts'
import { tokens } from '../../src/access/tokens.ts'
import type { RequestInfo } from '../../src/hub/authorise.ts'
import type { Channels } from '../../src/hub/channels.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import type { LimitsOptions } from '../../src/server/limits-options.ts'
import { conformanceChannels } from '../../src/testing/index.ts'
import { freePort } from '../support/redis-server.ts'
import { bystanderChannel, tickingChannel } from './bystander-channel.ts'
import { audience, issuer, keys, ticketKey } from './signed-tokens.ts'

/**
 * The servers that are abused, in a process of their own, so that it can be seen whether they live and what they hold:
 * one in development mode, one whose channels have rules, two that verify tokens (with keys of their own, and with those
 * of providers), one that drains. Run by `victim-process.ts`.
 */

/** From the parent. */
export type VictimOrder = 'measure' | 'ticket'

/** What the process holds. */
export interface Measured {
  /** The last number published for the bystanders. */
  readonly published: number
  /** After a full collection. */
  readonly heapBytes: number
  readonly rssBytes: number
  readonly cpuMs: number
  readonly sockets: number
  /** What the servers reported as their own failure. */
  readonly errors: readonly string[]
  /** Connections that the process itself opened, to anywhere. */
  readonly outbound: number
  /** How often providers were asked for their keys. */
  readonly keyFetches: number
}

/** To the parent. */
export type VictimReport =
  | { readonly is: 'listening'; readonly ports: Readonly<Record<ServerName, number>> }
  | ({ readonly is: 'measured' } & Measured)
  | { readonly is: 'ticket'; readonly ticket: string }

/** Which of the servers. */
export type ServerName = 'dev' | 'ruled' | 'signed' | 'provided' | 'guarded' | 'draining' | 'operations'

const publishEveryMs = 10
const operationsPort = await freePort()

const errors: string[] = []
const onError = (error: unknown, stage: string): void => {
  errors.push(`${stage}: ${error instanceof Error ? error.stack : String(error)}`)
}

const ruled: Channels = {
  open: { read: 'public', send: 'public' },
  'letters/*': { read: (who, { params }) => who?.id === params[0], send: 'signed-in' },
  members: { read: 'signed-in', send: 'signed-in' },
  closed: { read: 'nobody', send: 'nobody' },
}

/** A cookie or a bearer token that is somebody's name; `forged` is nobody's. */
function authenticate({ headers }: RequestInfo): { id: string } | null {
  const name =
    /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1] ?? /who=(\w+)/.exec(headers.cookie ?? '')?.[1]
  if (name === 'forged') throw new FairleadError('invalid_token', 'This token is nobody’s.')
  return name === undefined ? null : { id: name }
}

/** Whoever is refused a thousand times on purpose, all as one person, would meet these first; one server has them. */
const limits: LimitsOptions = {
  refusals: false,
  identity: { connections: false, subscriptions: false, inFlight: false, messagesPerSecond: false },
}

const dev = createServer({
  dev: true,
  heartbeatMs: 1_000,
  pingMs: 5_000,
  channels: {
    ...conformanceChannels,
    [bystanderChannel]: { read: 'public', retention: { count: 1000 } },
    'kept-short/*': { read: 'public', send: 'public', retention: { count: 3 } },
  },
  onError,
})
const withRules = createServer({
  limits,
  heartbeatMs: 1_000,
  channels: ruled,
  origins: ['https://app.example.com'],
  authenticate,
  onError,
})

let outbound = 0
subscribe('net.client.socket', () => void outbound++)
let keyFetches = 0

const signedChannels: Channels = {
  news: { read: 'signed-in', send: 'signed-in' },
  'sent/*': { read: 'signed-in', send: 'signed-in' },
  'sent/*/*': { read: 'signed-in', send: 'signed-in' },
  open: { read: 'public', send: 'public' },
  hidden: { read: 'nobody', send: 'nobody' },
  [tickingChannel]: { read: 'signed-in', send: 'signed-in', retention: { count: 100 } },
}
const signed = createServer({
  limits,
  heartbeatMs: 1_000,
  channels: signedChannels,
  tokens: tokens({
    keys: [
      { alg: 'HS256', kid: 'shared', secret: Buffer.from(keys.secret, 'base64') },
      { alg: 'RS256', kid: 'pair', publicKey: keys.publicKey },
    ],
    issuer,
    audience,
    onError: (error) => onError(error, 'tokens'),
  }),
  tickets: tickets({ keys: [ticketKey] }),
  operations: { port: operationsPort },
  onError,
})

/** What providers would answer; nothing leaves the process. */
const provider: typeof fetch = async (url) => {
  keyFetches++
  return Response.json({ keys: [keys.providers[String(url).endsWith('/0') ? 0 : 1]!.jwk] })
}
const provided = createServer({
  limits,
  heartbeatMs: 1_000,
  channels: signedChannels,
  tokens: tokens({
    keys: keys.providers.map(({ issuer }, i) => ({
      jwks: `https://keys.example.com/${i}`,
      algs: ['ES256'],
      issuer,
    })),
    audience,
    fetch: provider,
    onError: (error) => onError(error, 'tokens'),
  }),
  onError,
})

/** A server with the limits that hold where nothing is said. */
const guarded = createServer({ channels: ruled, authenticate, onError })

/** A server that was told to stop, on an application's HTTP server that goes on. */
async function drainingPort(): Promise<number> {
  const draining = createServer({ limits, channels: { open: { read: 'public', send: 'public' } }, onError })
  const http = createHttpServer()
  draining.attach(http)
  await draining.channel('open').publish('message', 'before')
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  // As in a drain that never ends: what is still asked is answered as draining.
  const attached = createHttpServer((request, response) => {
    if (!draining.handle(request, response)) response.writeHead(404).end()
  })
  attached.on('upgrade', (request, socket, head) => {
    if (!draining.handleUpgrade(request, socket as never, head)) socket.destroy()
  })
  await new Promise<void>((resolve) => attached.listen(0, '127.0.0.1', resolve))
  await draining.close()
  http.close()
  return (attached.address() as AddressInfo).port
}

for (let i = 0; i < 5; i++) await dev.channel('kept-short/1').publish('message', i)

let published = 0
setInterval(() => {
  dev
    .channel(bystanderChannel)
    .publish('beat', published + 1)
    .catch((error) => onError(error, 'publish'))
  published++
}, publishEveryMs)
setInterval(() => {
  signed
    .channel(tickingChannel)
    .publish('tick', Date.now())
    .catch((error) => onError(error, 'publish'))
}, 100)

async function measure(): Promise<Measured> {
  // Sockets that were just reset close in the next turns of the loop.
  await new Promise((resolve) => setTimeout(resolve, 50))
  globalThis.gc?.()
  const { heapUsed, rss, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const resources = process.getActiveResourcesInfo()
  return {
    published,
    heapBytes: heapUsed + external,
    rssBytes: rss,
    cpuMs: (user + system) / 1000,
    sockets: resources.filter((name) => name === 'TCPSocketWrap').length,
    errors,
    outbound,
    keyFetches,
  }
}

function answer(order: VictimOrder): Promise<VictimReport> {
  if (order === 'measure') return measure().then((measured) => ({ is: 'measured', ...measured }))
  const ticket = signed.ticket({ who: { id: 'ann' }, channels: ['news'] })
  return Promise.resolve({ is: 'ticket', ticket })
}

process.on('message', (order: VictimOrder) => {
  answer(order).then((report) => process.send!(report), onError as never)
})
// The parent is gone: so is the run.
process.on('disconnect', () => process.exit(0))

const ports = {
  dev: (await dev.listen({ port: 0 })).port,
  ruled: (await withRules.listen({ port: 0 })).port,
  signed: (await signed.listen({ port: 0 })).port,
  provided: (await provided.listen({ port: 0 })).port,
  guarded: (await guarded.listen({ port: 0 })).port,
  operations: operationsPort,
  draining: await drainingPort(),
}
process.send!({ is: 'listening', ports } satisfies VictimReport)
