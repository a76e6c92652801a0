import { setTimeout as wait } from 'node:timers/promises'
import type { NamedFlow } from '../../advisor/index.ts'
import { type ChannelFlow, type FlowReport, inputsOf } from '../../advisor/index.ts'
import { CommandError } from '../errors.ts'
import { refusal, unreachable } from '../target.ts'
import type { Terminal } from '../terminal.ts'

/** What a server that does not measure flows by client says of a channel: totals since it started. */
interface Counters {
  readonly up: { readonly messages: number; readonly bytes: number }
  readonly down: { readonly events: number; readonly bytes: number }
  /** Events times the readers that got them. */
  readonly deliveries: number
}

interface Status extends Partial<FlowReport> {
  readonly channels?: Readonly<Record<string, Counters>>
  readonly connections?: Readonly<Record<string, number>>
}

/**
 * The flows of a running server. Where its status has them by client, those; else what its counters grow by in some
 * seconds, and what that leaves open is said.
 */
export async function readFlowsFrom(
  base: URL,
  headers: Readonly<Record<string, string>>,
  seconds: number,
  terminal: Terminal,
): Promise<NamedFlow[]> {
  const url = statusUrl(base)
  const first = await readStatus(url, headers)
  if (first.flows?.length) return named(first.flows, first.rttMs)
  terminal.note(`${url.host} counts events; measuring for ${seconds} s …`)
  const began = performance.now()
  await wait(seconds * 1000)
  const second = await readStatus(url, headers)
  const flows = flowsBetween(first, second, (performance.now() - began) / 1000)
  if (flows.length === 0)
    throw new CommandError(
      `Nothing flowed on ${url.host} in ${seconds} s. Try while it is used, or with --seconds.`,
    )
  const missing =
    'Not measured by this server: clients per channel, latency wanted, HTTP version, round trip.'
  terminal.note(terminal.noteStyle('yellow', missing))
  terminal.note('Messages up are shared out over all open connections.')
  return named(flows, undefined)
}

function statusUrl(base: URL): URL {
  const url = new URL(base)
  const path = url.pathname === '/' ? '/live' : url.pathname.replace(/\/+$/, '')
  url.pathname = path.endsWith('/_status') ? path : `${path}/_status`
  url.search = ''
  return url
}

async function readStatus(url: URL, headers: Readonly<Record<string, string>>): Promise<Status> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) }).catch((error) => {
    throw unreachable(url, error)
  })
  const body = await response.text()
  if (!response.ok) {
    const { message } = refusal(url, response.status, body)
    const admin =
      response.status === 404 ? ' The status is for administrators: a token whose claim admin is true.' : ''
    throw new CommandError(`${message}${admin}`)
  }
  try {
    return JSON.parse(body) as Status
  } catch {
    throw new CommandError(`${url.href} answered no status of a Fairlead server.`)
  }
}

/** What the counters grew by, per second and client. A channel without events or sends is left out. */
function flowsBetween(before: Status, after: Status, seconds: number): ChannelFlow[] {
  const connections = Object.values(after.connections ?? {}).reduce((sum, count) => sum + count, 0)
  return Object.entries(after.channels ?? {}).flatMap(([channel, now]) => {
    const then = before.channels?.[channel] ?? nothing
    const events = now.down.events - then.down.events
    const sends = now.up.messages - then.up.messages
    if (events <= 0 && sends <= 0) return []
    const deliveries = now.deliveries - then.deliveries
    const clients = Math.max(1, events > 0 ? deliveries / events : connections)
    const measured = {
      windowSeconds: seconds,
      clients,
      eventsPerSecond: events / seconds,
      eventBytes: events > 0 ? (now.down.bytes - then.down.bytes) / events : 0,
      sendsPerSecond: sends / seconds / Math.max(1, connections),
      sendBytes: sends > 0 ? (now.up.bytes - then.up.bytes) / sends : 0,
    }
    return [{ channel, measured }]
  })
}

const nothing: Counters = { up: { messages: 0, bytes: 0 }, down: { events: 0, bytes: 0 }, deliveries: 0 }

function named(flows: readonly ChannelFlow[], rttMs: number | undefined): NamedFlow[] {
  return flows.map((flow) => ({
    name: flow.channel,
    channel: flow.channel,
    inputs: { ...inputsOf(flow), ...(rttMs !== undefined && { rttMs }) },
  }))
}
