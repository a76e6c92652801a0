/** Beyond so many values of one label the rest are counted as `other`: labels never grow with what clients send. */
const labelValues = 64

/** What every kind of metric says of itself: Prometheus's text format needs the name, `# HELP` and `# TYPE`. */
interface Described {
  readonly name: string
  readonly help: string
}

/** A number that only rises, in all or by the values of one label. */
export class Counter implements Described {
  readonly name: string
  readonly help: string
  readonly label: string | undefined
  readonly values = new Map<string, number>()

  /** `known` are values that are shown from the start, as 0: a rise from nothing is no rise to Prometheus. */
  constructor(name: string, help: string, label?: string, known: readonly string[] = []) {
    this.name = name
    this.help = help
    this.label = label
    for (const value of label === undefined ? [''] : known) this.values.set(value, 0)
  }

  add(value = '', count = 1): void {
    const known = this.values.get(value)
    if (known !== undefined) this.values.set(value, known + count)
    else if (this.values.size < labelValues) this.values.set(value, count)
    else this.values.set('other', (this.values.get('other') ?? 0) + count)
  }
}

/** How often something took how long, in seconds, as cumulative buckets. */
export class Histogram implements Described {
  readonly name: string
  readonly help: string
  readonly bounds: readonly number[]
  /** One for each bound, and one for all that is above. */
  readonly counts: number[]
  sum = 0

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.bounds = bounds
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(seconds: number): void {
    const { bounds, counts } = this
    let index = 0
    while (index < bounds.length && seconds > bounds[index]!) index++
    counts[index]!++
    this.sum += seconds
  }
}

const transports = ['sse', 'websocket', 'long-poll']
const fine = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const coarse = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Measures how long something takes, in fractions of a millisecond; says nothing of the time of day. */
export function stopwatch(): number {
  return performance.now()
}

/**
 * What a hub counts as it works. Everything is per process, and added up per tick, page or request, never per
 * subscriber where a channel's number will do.
 */
export class Metrics {
  readonly opens = new Counter(
    'fairlead_opens_total',
    'Streams and sockets opened, and polls that waited.',
    'transport',
    transports,
  )
  readonly resumes = new Counter(
    'fairlead_resumes_total',
    'Streams that started at a position, by whether all after it was there.',
    'result',
    ['ok', 'reset'],
  )
  readonly resets = new Counter('fairlead_resets_total', 'Gaps that readers were told of.', 'reason', [
    'epoch',
    'trimmed',
    'ahead',
    'dropped',
  ])
  readonly deliveries = new Counter(
    'fairlead_deliveries_total',
    'Events times the readers that got them: live, from the log to catch up, or as an answer to a poll.',
    'way',
    ['live', 'replay', 'poll'],
  )
  readonly written = new Counter(
    'fairlead_written_bytes_total',
    'Bytes of events and messages handed to sockets.',
    'transport',
    transports,
  )
  readonly fellBehind = new Counter('fairlead_fell_behind_total', 'Live readers whose socket was too slow.')
  readonly ended = new Counter('fairlead_ended_total', 'Streams that the server ended.', 'reason', [
    'drain',
    'busy',
    'unavailable',
    'auth_expired',
    'revoked',
    'slow',
  ])
  readonly refusals = new Counter(
    'fairlead_refusals_total',
    'Requests and messages refused, by error code.',
    'code',
  )
  readonly publishes = new Histogram(
    'fairlead_publish_seconds',
    'From the decision to append to the answer of the log.',
    fine,
  )
  readonly delays = new Histogram(
    'fairlead_delivery_delay_seconds',
    'From the clock of the appending server to the write, of the first event of each batch.',
    coarse,
  )
  readonly lag = new Histogram(
    'fairlead_fanout_lag_seconds',
    'From the first event that the log brought to the end of the fan-out of its tick.',
    fine,
  )
  readonly flushes = new Histogram('fairlead_flush_seconds', 'How long the fan-out of one tick took.', fine)

  /** In the order in which they are shown. */
  get all(): readonly (Counter | Histogram)[] {
    return [
      this.opens,
      this.resumes,
      this.resets,
      this.deliveries,
      this.written,
      this.fellBehind,
      this.ended,
      this.refusals,
      this.publishes,
      this.delays,
      this.lag,
      this.flushes,
    ]
  }
}
