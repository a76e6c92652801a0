import type { Hub } from '../hub/hub.ts'
import { type Counter, Histogram } from '../hub/metrics.ts'
import { notReady } from './not-ready-reason.ts'

/** One metric as it is now, in all or by the values of one label. */
export interface Gauge {
  readonly name: string
  readonly help: string
  /** @default 'gauge' */
  readonly type?: 'gauge' | 'counter'
  readonly label?: string
  readonly values: readonly (readonly [value: string, now: number])[]
}

/**
 * What a hub counted and how it is now, with what else was measured, in Prometheus's text format, version 0.0.4. No label
 * has a channel, a user or anything else that clients choose: the number of series does not grow with them.
 */
export function renderMetrics(hub: Hub, more: readonly Gauge[]): string {
  const lines = [...gaugesOf(hub), ...more].flatMap(gauge)
  const open = hub.connections.writtenBytes()
  for (const metric of hub.metrics.all) {
    if (metric instanceof Histogram) lines.push(...histogram(metric))
    else if (metric === hub.metrics.written) lines.push(...counter(metric, open))
    else lines.push(...counter(metric))
  }
  return `${lines.join('\n')}\n`
}

function gaugesOf(hub: Hub): Gauge[] {
  const { connections, logs, sessions } = hub
  const { subscriptions, behind, topics } = countReaders(hub)
  let polls = 0
  for (const session of sessions) if (!session.streaming) polls++
  const one = (now: number) => [['', now]] as const
  return [
    {
      name: 'fairlead_connections',
      help: 'Open streams and sockets, and polls that wait.',
      label: 'transport',
      values: Object.entries({ ...connections.transports(), 'long-poll': polls }),
    },
    {
      name: 'fairlead_subscriptions',
      help: 'Readers of channels or sets of channels.',
      values: one(subscriptions),
    },
    { name: 'fairlead_behind', help: 'Readers that read the log to catch up.', values: one(behind) },
    {
      name: 'fairlead_topics',
      help: 'Channels and sets of channels that have readers, or had them a moment ago.',
      values: one(topics),
    },
    {
      name: 'fairlead_log_reachable',
      help: 'Whether the log of this number can be reached.',
      label: 'log',
      values: logs.all.map(({ outOfReach }, i) => [String(i), outOfReach ? 0 : 1] as const),
    },
    {
      name: 'fairlead_ready',
      help: 'Whether new work is taken, as /readyz says.',
      values: one(notReady(hub) === undefined ? 1 : 0),
    },
    {
      name: 'fairlead_draining',
      help: 'Whether the server is being stopped.',
      values: one(hub.stopping.aborted ? 1 : 0),
    },
  ]
}

function countReaders({ logs }: Hub): { subscriptions: number; behind: number; topics: number } {
  const counts = { subscriptions: 0, behind: 0, topics: 0 }
  for (const log of logs.all) {
    for (const topic of log.topics) {
      counts.topics++
      counts.subscriptions += topic.subscriptions.size
      for (const subscription of topic.subscriptions) if (!subscription.live) counts.behind++
    }
  }
  return counts
}

function gauge({ type = 'gauge', label, values, ...metric }: Gauge): string[] {
  return [...head(metric, type), ...values.map(([value, now]) => sample(metric.name, label, value, now))]
}

function counter(
  { name, help, label, values }: Counter,
  more: Readonly<Record<string, number>> = {},
): string[] {
  const samples = [...values].map(([value, count]) => sample(name, label, value, count + (more[value] ?? 0)))
  return [...head({ name, help }, 'counter'), ...samples]
}

function histogram({ name, help, bounds, counts, sum }: Histogram): string[] {
  let below = 0
  const buckets = [...bounds.map(String), '+Inf'].map((bound, i) => {
    below += counts[i]!
    return sample(`${name}_bucket`, 'le', bound, below)
  })
  return [
    ...head({ name, help }, 'histogram'),
    ...buckets,
    sample(`${name}_sum`, undefined, '', sum),
    sample(`${name}_count`, undefined, '', below),
  ]
}

function head({ name, help }: { name: string; help: string }, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

/** Labels are names of ours: transports, error codes, reasons. Nothing in them needs escaping, and nothing else passes. */
function sample(name: string, label: string | undefined, value: string, now: number): string {
  const labels = label === undefined ? '' : `{${label}="${value.replace(/[^A-Za-z0-9_.+:-]/g, '_')}"}`
  return `${name}${labels} ${now}`
}
