import { setTimeout as wait } from 'node:timers/promises'
import { findLocalServer } from '../../load/local-server.ts'
import type { LoadTransport, SubscriberCounts } from '../../load/subscribers.ts'
import { forkSubscribers, type SubscribersProcess } from '../../load/subscribers-process.ts'
import type { Latency } from '../../load/tally.ts'
import { CommandError } from '../errors.ts'
import { refusal, unreachable } from '../target.ts'
import { type Sent, sendAtPace } from './pace.ts'

/** One flow of a load: who reads, and what is sent. */
export interface LoadFlow {
  readonly channel: string
  /** Of the channel. */
  readonly url: URL
  readonly subscribers: number
  readonly transport: LoadTransport
  /** Events per second. */
  readonly rate: number
  /** Bytes of a payload. */
  readonly size: number
}

/** What one flow gave. */
export interface FlowResult {
  readonly channel: string
  readonly transport: LoadTransport
  readonly subscribers: number
  readonly rate: number
  readonly size: number
  /** Events the server took, and those it refused or did not answer. */
  readonly sent: number
  readonly refused: number
  readonly delivered: number
  /** Of `sent` times `subscribers`, what did not come within ten seconds. */
  readonly lost: number
  readonly repeated: number
  readonly disordered: number
  readonly resets: number
  /** Connections that ended by themselves; each is a reader that saw less. */
  readonly cut: number
  /** From when an event was due, in microseconds. */
  readonly latency: Latency | undefined
}

/** What all flows together cost a server on this machine. */
export interface ServerCost {
  readonly cpuUsPerDelivery: number
  /** Share of one core. */
  readonly cpuShare: number
  /** Resident, at the end, in bytes. */
  readonly memory: number
}

/** What is common to the flows of a load. */
export interface LoadOptions {
  readonly seconds: number
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Told while it runs. */
  readonly tell: (what: string) => void
}

/** How long the last events may be on their way. */
const arriveMs = 10_000

/** Opens all readers, sends all flows at once, and waits until what was sent has come. Throws `CommandError`. */
export async function runLoad(
  flows: readonly LoadFlow[],
  options: LoadOptions,
): Promise<{ flows: FlowResult[]; server: ServerCost | undefined }> {
  const readers = flows.map(({ url, subscribers: count, transport }) =>
    forkSubscribers({ transport, count, urls: [url.href], headers: options.headers }),
  )
  try {
    await openAll(flows, readers, options)
    const server = isHere(flows[0]!.url) ? findLocalServer(portOf(flows[0]!.url)) : undefined
    const before = server?.cpuUs()
    const began = performance.now()
    const results = await Promise.all(flows.map((flow, i) => runFlow(flow, readers[i]!, options)))
    const after = server?.cpuUs()
    if (before === undefined || after === undefined) return { flows: results, server: undefined }
    const delivered = results.reduce((sum, one) => sum + one.delivered, 0)
    const used = after - before
    const wallUs = (performance.now() - began) * 1000
    const cost = { cpuUsPerDelivery: used / Math.max(1, delivered), cpuShare: used / wallUs }
    return { flows: results, server: { ...cost, memory: server?.memory() ?? 0 } }
  } finally {
    for (const one of readers) one.close()
  }
}

async function openAll(
  flows: readonly LoadFlow[],
  readers: readonly SubscribersProcess[],
  { tell }: LoadOptions,
): Promise<void> {
  for (const [i, one] of readers.entries()) {
    const { channel, subscribers, transport } = flows[i]!
    tell(`${channel}: opening ${subscribers} readers over ${transport}`)
    const { open, failure } = await one.open()
    if (open === subscribers) continue
    throw new CommandError(
      `${open} of ${subscribers} readers of ${channel} could connect over ${transport}: ${failure}. Is the channel readable, and does \`ulimit -n\` allow so many connections on both sides?`,
    )
  }
}

async function runFlow(
  flow: LoadFlow,
  readers: SubscribersProcess,
  options: LoadOptions,
): Promise<FlowResult> {
  const { channel, url: base, rate, size, subscribers, transport } = flow
  const { headers, seconds, signal, tell } = options
  const url = new URL(base)
  url.searchParams.set('event', 'bench')
  const every = Math.max(1, Math.round(rate * Math.max(1, seconds / 10)))
  const sent = await sendAtPace({ url, headers, rate, seconds, size, signal }, (count) => {
    if (count % every === 0) tell(`${channel}: ${count} of ${Math.round(rate * seconds)} sent`)
  })
  assertTaken(url, sent)
  const counts = await within(arriveMs, readers, sent.accepted)
  return {
    ...{ channel, transport, subscribers, rate, size },
    sent: sent.accepted,
    refused: sent.failed,
    delivered: counts.events,
    lost: Math.max(0, sent.accepted * subscribers - counts.events),
    repeated: counts.repeated,
    disordered: counts.disordered,
    resets: counts.resets,
    cut: counts.failures,
    latency: counts.latency,
  }
}

function assertTaken(url: URL, { accepted, failure }: Sent): void {
  if (accepted > 0 || failure === undefined) return
  throw failure instanceof Error ? unreachable(url, failure) : refusal(url, failure.status, failure.body)
}

/** The counts when every reader has seen so many events, or when the time is over. */
async function within(ms: number, readers: SubscribersProcess, events: number): Promise<SubscriberCounts> {
  const arrived = new AbortController()
  const timeout = wait(ms, undefined, { signal: arrived.signal }).catch(() => undefined)
  const all = readers.reached(events)
  all.catch(() => {}) // The process is ended while it still waits.
  const counts = (await Promise.race([all, timeout])) ?? (await readers.counts())
  arrived.abort()
  return counts
}

function isHere({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}
