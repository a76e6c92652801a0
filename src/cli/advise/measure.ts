import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Constants } from '../../advisor/index.ts'
import { connect } from '../../client/index.ts'
import type { SubscribersOptions } from '../../load/subscribers.ts'
import { forkSubscribers } from '../../load/subscribers-process.ts'
import { CommandError } from '../errors.ts'
import type { MeasuredOrder, MeasuredReport } from './measured-server.ts'

/** How much is done for each figure. */
export interface MeasureSize {
  readonly messages: number
  readonly readers: number
  readonly events: number
}

/** Enough for two digits in about half a minute. */
const usual: MeasureSize = { messages: 3000, readers: 200, events: 300 }
const isSource = import.meta.url.endsWith('.ts')
/** No step takes as long on a machine that is worth measuring. */
const stepMs = 120_000

/**
 * Measures on this machine, with a server in a process of its own, what the advisor's costs are made of. `tell` is told
 * of each step. Throws `CommandError` when the server ends or a step takes two minutes.
 */
export async function measureConstants(tell: (line: string) => void, size = usual): Promise<Constants> {
  const server = await startServer()
  try {
    tell(
      `measuring on ${server.url}, in a process of its own; other work on this machine shows in the figures`,
    )
    await sendAll(server, 'sse', size.messages / 4) // for the compiler and the caches
    tell(`1/5 ${size.messages} POSTs`)
    const post = await sendAll(server, 'sse', size.messages)
    tell(`2/5 ${size.messages} WebSocket messages`)
    const frame = await sendAll(server, 'websocket', size.messages)
    tell(`3/5 ${size.messages} GETs of history`)
    const get = await getAll(server, size.messages)
    tell(`4/5 ${size.events} events to ${size.readers} readers: SSE, WebSocket`)
    const sse = await readAll(server, 'sse', size)
    const websocket = await readAll(server, 'websocket', size)
    tell(`5/5 ${size.readers} readers that wait: long-poll`)
    const longPoll = await readAll(server, 'long-poll', { ...size, events: 0 })
    return {
      source: 'measured on this machine',
      measuredHere: true,
      cpu: {
        post: round(post.cpu),
        frame: round(frame.cpu),
        sseEvent: round(sse.cpu),
        websocketEvent: round(websocket.cpu),
        request: round(get.cpu),
      },
      memory: {
        sse: round(sse.memory),
        websocket: round(websocket.memory),
        longPoll: round(longPoll.memory),
      },
      overheadMs: { post: round(post.ms), frame: round(frame.ms) },
    }
  } finally {
    server.close()
  }
}

interface MeasuredServer {
  readonly url: string
  usage(): Promise<MeasuredReport>
  publish(events: number): Promise<MeasuredReport>
  close(): void
}

type Wanted = { readonly do: 'usage' } | { readonly do: 'publish'; readonly events: number }

async function startServer(): Promise<MeasuredServer> {
  const main = new URL(`measured-server.${isSource ? 'ts' : 'js'}`, import.meta.url)
  const execArgv = ['--expose-gc', ...(isSource ? ['--import', 'tsx'] : [])]
  const child = fork(fileURLToPath(main), { execArgv })
  const waiting = new Map<number, (report: MeasuredReport) => void>()
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(
        new CommandError(`The server that is measured ended with ${code}. Is this machine out of memory?`),
      ),
    )
  })
  ended.catch(() => undefined) // said by whoever waits
  child.on('message', (report: MeasuredReport) => {
    waiting.get(report.ref)?.(report)
    waiting.delete(report.ref)
  })
  const answer = (ref: number): Promise<MeasuredReport> =>
    within(Promise.race([ended, new Promise<MeasuredReport>((resolve) => waiting.set(ref, resolve))]))
  const { url } = await answer(0)
  let last = 0
  const ask = (wanted: Wanted): Promise<MeasuredReport> => {
    const order: MeasuredOrder = { ref: ++last, ...wanted }
    child.send(order)
    return answer(order.ref)
  }
  return {
    url,
    usage: () => ask({ do: 'usage' }),
    publish: (events) => ask({ do: 'publish', events }),
    close: () => void child.kill(),
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new CommandError('A step of the measurement took two minutes: this machine is too busy now.')),
      stepMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

interface EachCost {
  /** The server's processor time, in microseconds. */
  readonly cpu: number
  /** Until the answer, in milliseconds. */
  readonly ms: number
}

/** One after the other, as people send; two at once would go as a batch. */
async function sendAll(
  server: MeasuredServer,
  transport: 'sse' | 'websocket',
  count: number,
): Promise<EachCost> {
  const client = connect(liveUrl(server), { transport })
  const channel = client.channel('measure')
  try {
    const quiet = channel.on('nothing', () => undefined)
    await channel.send('said', { number: -1 })
    const cost = await each(server, count, (number) => channel.send('said', { number, text: 'x'.repeat(80) }))
    quiet()
    return cost
  } finally {
    client.close()
  }
}

async function getAll(server: MeasuredServer, count: number): Promise<EachCost> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const url = new URL(`${liveUrl(server)}/measure?limit=1&wait=0`)
  try {
    return await each(server, count, () => get(url, agent))
  } finally {
    agent.destroy()
  }
}

async function each(
  server: MeasuredServer,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<EachCost> {
  const before = await server.usage()
  const began = performance.now()
  const all = async (): Promise<void> => {
    for (let i = 0; i < count; i++) await work(i)
  }
  await within(all())
  const ms = performance.now() - began
  const after = await server.usage()
  return { cpu: (after.cpu - before.cpu) / count, ms: ms / count }
}

function get(url: URL, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { accept: 'application/json' } }, (response) => {
      response.resume()
      response.on('end', resolve)
    })
      .on('error', reject)
      .end()
  })
}

/** Readers in a process of their own: what they cost waiting, and what an event to one of them costs. */
async function readAll(
  server: MeasuredServer,
  transport: SubscribersOptions['transport'],
  { readers, events }: MeasureSize,
): Promise<{ cpu: number; memory: number }> {
  const crowd = forkSubscribers({ transport, count: readers, urls: [`${liveUrl(server)}/measure`] })
  try {
    // Once for what is kept for good: code, caches, room in tables.
    await within(crowd.open())
    await crowd.cut()
    const idle = await server.usage()
    const { open } = await within(crowd.open())
    if (open < readers)
      throw new CommandError(`Only ${open} of ${readers} readers came in: raise "ulimit -n".`)
    const waiting = await server.usage()
    const memory = Math.max(0, waiting.memory - idle.memory) / readers
    if (events === 0) return { cpu: 0, memory }
    await server.publish(events)
    await within(crowd.reached(events))
    const after = await server.usage()
    return { cpu: (after.cpu - waiting.cpu) / (events * readers), memory }
  } finally {
    crowd.close()
  }
}

function liveUrl({ url }: MeasuredServer): string {
  return new URL('/live', url).href
}

function round(value: number): number {
  return Number(value.toPrecision(2))
}
