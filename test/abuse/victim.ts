import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RequestInfo } from '../../src/hub/authorise.ts'
import type { Channels } from '../../src/hub/channels.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import { conformanceChannels } from '../../src/testing/index.ts'
import { bystanderChannel } from './bystander-channel.ts'

/**
 * The servers that are abused, in a process of their own, so that it can be seen whether they live and what they hold:
 * one in development mode, one whose channels have rules, one that drains. Run by `victim-process.ts`.
 */

/** From the parent. */
export type VictimOrder = 'measure' | 'stop-publishing'

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
}

/** To the parent. */
export type VictimReport =
  | { readonly is: 'listening'; readonly ports: Readonly<Record<ServerName, number>> }
  | ({ readonly is: 'measured' } & Measured)

/** Which of the servers. */
export type ServerName = 'dev' | 'ruled' | 'draining'

const publishEveryMs = 10

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
  heartbeatMs: 1_000,
  channels: ruled,
  origins: ['https://app.example.com'],
  authenticate,
  onError,
})

/** A server that was told to stop, on an application's HTTP server that goes on. */
async function drainingPort(): Promise<number> {
  const draining = createServer({ channels: { open: { read: 'public', send: 'public' } }, onError })
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
const publishing = setInterval(() => {
  dev
    .channel(bystanderChannel)
    .publish('beat', published + 1)
    .catch((error) => onError(error, 'publish'))
  published++
}, publishEveryMs)

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
  }
}

process.on('message', (order: VictimOrder) => {
  if (order === 'stop-publishing') clearInterval(publishing)
  else
    measure().then(
      (measured) => process.send!({ is: 'measured', ...measured } satisfies VictimReport),
      onError as never,
    )
})
// The parent is gone: so is the run.
process.on('disconnect', () => process.exit(0))

const ports = {
  dev: (await dev.listen({ port: 0 })).port,
  ruled: (await withRules.listen({ port: 0 })).port,
  draining: await drainingPort(),
}
process.send!({ is: 'listening', ports } satisfies VictimReport)
