import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Channels } from '../../src/hub/channels.ts'
import { stamp } from '../../src/load/tally.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { createServer } from '../../src/server/create-server.ts'
import { answerOrders, setupOf } from './talk.ts'

/** The server of a row, in a process of its own. Run by `engine.ts`. */
export interface ServerSetup {
  readonly host?: string
  readonly port?: number
  readonly heartbeatMs?: number
  readonly pingMs?: number
  readonly presenceTimeoutMs?: number
  readonly log?: string
  /** What a log in memory keeps. @default 64 MiB */
  readonly logBytes?: number
  /** Whether `/healthz` has a port of its own. */
  readonly operationsPort?: number
}

/** From the parent. */
export type ServerOrder =
  | {
      readonly do: 'publish'
      readonly channels: readonly string[]
      /** Events a second over all channels. */
      readonly rate: number
      /** The padding of each, in bytes. */
      readonly bytes?: number
      /** How many tags they take turns with. */
      readonly tags?: number
    }
  | { readonly do: 'stop' | 'look' }
  /** Publishes so many at once and answers the last numbers. */
  | {
      readonly do: 'flood'
      readonly channel: string
      readonly count: number
      readonly bytes: number
      readonly tags: number
    }
  /** Blocks the loop. */
  | { readonly do: 'stall'; readonly ms: number }

/** What a look into the process shows. */
export interface Look {
  readonly rssBytes: number
  /** The largest `writableLength` of any socket since the look before. */
  readonly largestQueueBytes: number
  /** Sockets that are open. */
  readonly sockets: number
  /** Streams that are open, over all encodings. */
  readonly streams: number
  /** What was reported as failed since the look before. */
  readonly errors: readonly string[]
}

const open = { read: 'public', send: 'public' } as const
const channels: Channels = {
  'feed/*': open,
  'newest/*': { ...open, slow: 'latest' },
  'skipping/*': { ...open, slow: 'drop' },
  'here/*': { ...open, presence: true },
  'handled/*': {
    ...open,
    onSend: async (send) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      await send.publish()
    },
  },
}

const {
  host = '127.0.0.1',
  port = 0,
  operationsPort,
  log,
  logBytes = 64 * 1024 ** 2,
  ...options
} = setupOf<ServerSetup>()
const errors: string[] = []
const server = createServer({
  channels,
  log: log ?? memoryLog({ bytes: logBytes }),
  ...options,
  ...(operationsPort !== undefined && { operations: { port: operationsPort } }),
  onError: (error, stage) => void errors.push(`${stage}: ${String(error)}`),
})
const sockets = new Set<Socket>()
subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket }
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

let largestQueueBytes = 0
setInterval(() => {
  for (const { writableLength } of sockets) largestQueueBytes = Math.max(largestQueueBytes, writableLength)
}, 50).unref()

const last: Record<string, number> = {}
const publishing = new Set<Promise<unknown>>()
let timer: NodeJS.Timeout | undefined

function publish(channel: string, padding: string, tags = 0): Promise<unknown> {
  const n = (last[channel] ?? 0) + 1
  last[channel] = n
  const tag = tags > 0 ? `t${n % tags}` : undefined
  const done = server.channel(channel).publish('tick', { n, tag, sent: stamp(), padding }, { tag })
  publishing.add(done)
  done.catch((error: unknown) => errors.push(String(error))).finally(() => publishing.delete(done))
  return done
}

function startPublishing({ channels, rate, bytes = 0, tags }: Extract<ServerOrder, { do: 'publish' }>): void {
  clearInterval(timer)
  const padding = 'x'.repeat(bytes)
  const began = performance.now()
  let made = 0
  timer = setInterval(() => {
    for (const due = ((performance.now() - began) * rate) / 1000; made < due; made++)
      void publish(channels[made % channels.length]!, padding, tags)
  }, 5)
}

async function carryOut(order: ServerOrder): Promise<unknown> {
  switch (order.do) {
    case 'publish':
      return startPublishing(order)
    case 'stop':
      clearInterval(timer)
      await Promise.allSettled(publishing)
      return last
    case 'flood':
      for (let i = 0; i < order.count; i++) {
        await publish(order.channel, 'x'.repeat(order.bytes), order.tags)
        if (i % 10 === 0) await new Promise(setImmediate)
      }
      return last
    case 'stall':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.ms)
      return undefined
    case 'look':
      return look()
  }
}

function look(): Look {
  const { connections } = server.status() as { connections: Readonly<Record<string, number>> }
  const seen = {
    rssBytes: process.memoryUsage.rss(),
    largestQueueBytes,
    sockets: sockets.size,
    streams: Object.values(connections).reduce((sum, count) => sum + count, 0),
    errors: errors.splice(0),
  }
  largestQueueBytes = 0
  return seen
}

process.on('SIGTERM', () => {
  void server.close().then(() => process.exit(0))
})
const listening = await server.listen({ host, port })
answerOrders({ port: listening.port }, carryOut)
