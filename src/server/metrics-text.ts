import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Hub } from '../hub/hub.ts'
import { type Counter, Histogram } from '../hub/metrics.ts'

/** A value that goes up and down, as it is now. */
interface Gauge {
  readonly name: string
  readonly help: string
  readonly label?: string
  readonly values: readonly (readonly [value: string, now: number])[]
}

/** Renders what a hub counted, and how it is now, in Prometheus's text format, version 0.0.4. */
export class MetricsText {
  readonly #hub: Hub
  readonly #loop = monitorEventLoopDelay({ resolution: 10 })

  constructor(hub: Hub) {
    this.#hub = hub
    this.#loop.enable()
  }

  /** The text of one scrape. The loop's delays are those since the scrape before. */
  render(): string {
    const lines: string[] = []
    for (const gauge of this.#gauges()) {
      lines.push(...head(gauge, 'gauge'))
      for (const [value, now] of gauge.values) lines.push(sample(gauge.name, gauge.label, value, now))
    }
    for (const metric of this.#hub.metrics.all) {
      lines.push(...(metric instanceof Histogram ? histogram(metric) : counter(metric)))
    }
    this.#loop.reset()
    return `${lines.join('\n')}\n`
  }

  close(): void {
    this.#loop.disable()
  }

  #gauges(): Gauge[] {
    const { connections, logs, stopping } = this.#hub
    const topics = logs.all.flatMap((log) => [...log.topics])
    const behind = topics.flatMap(({ subscriptions }) => [...subscriptions]).filter(({ live }) => !live)
    const one = (now: number) => [['', now]] as const
    return [
      {
        name: 'fairlead_connections',
        help: 'Open streams and sockets.',
        label: 'transport',
        values: Object.entries(connections.count()),
      },
      {
        name: 'fairlead_subscriptions',
        help: 'Readers of channels or sets of channels.',
        values: one(topics.reduce((sum, { subscriptions }) => sum + subscriptions.size, 0)),
      },
      { name: 'fairlead_behind', help: 'Readers that read the log to catch up.', values: one(behind.length) },
      {
        name: 'fairlead_log_reachable',
        help: 'Whether the log of this number can be reached.',
        label: 'log',
        values: logs.all.map(({ outOfReach }, i) => [String(i), outOfReach ? 0 : 1] as const),
      },
      { name: 'fairlead_ready', help: 'Whether new work is taken.', values: one(stopping.aborted ? 0 : 1) },
      {
        name: 'fairlead_event_loop_delay_seconds',
        help: 'How late the event loop was since the last scrape.',
        label: 'quantile',
        values: [
          ['0.5', seconds(this.#loop.percentile(50))],
          ['0.99', seconds(this.#loop.percentile(99))],
          ['1', seconds(this.#loop.max)],
        ],
      },
      {
        name: 'fairlead_resident_memory_bytes',
        help: 'Memory that the process holds.',
        values: one(process.memoryUsage.rss()),
      },
    ]
  }
}

function counter({ name, help, label, values }: Counter): string[] {
  return [
    ...head({ name, help }, 'counter'),
    ...[...values].map(([value, count]) => sample(name, label, value, count)),
  ]
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

/** The histogram of the loop's delay is in nanoseconds, and empty (NaN or a huge least value) before its first sample. */
function seconds(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0
}
