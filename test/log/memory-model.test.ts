import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type {
  ChannelLog,
  Gap,
  LogPage,
  ReadFrom,
  ReadLimits,
  Retention,
  StoredEvent,
} from '../../src/hub/channel-log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

/**
 * The memory log against a model of it that is too simple to be wrong: one array, filtered at every question. Time
 * goes in steps of 10 s and ages end between two steps, so that the second by which a timer may be late is no matter.
 */
const stepMs = 10_000
const channels = ['a', 'b', 'c', 'd']

interface Limits {
  events: number
  bytes: number
  ageMs: number
}

class Model {
  #events: StoredEvent[] = []
  readonly #last = new Map<string, number>()
  readonly #retention = new Map<string, Exclude<Retention, 'none'>>()
  readonly #limits: Limits
  head = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  of(channel: string): StoredEvent[] {
    return this.#events.filter((event) => event.channel === channel)
  }

  last(channel: string): number {
    return this.#last.get(channel) ?? 0
  }

  earliest(channel: string): number {
    return this.of(channel)[0]?.prev ?? this.last(channel)
  }

  append(channel: string, payload: string, time: number, retention: Exclude<Retention, 'none'>): void {
    this.expire(time)
    const offset = ++this.head
    this.#events.push({
      channel,
      offset,
      prev: this.last(channel),
      event: 'tick',
      payload,
      time,
      tag: undefined,
    })
    this.#last.set(channel, offset)
    this.#retention.set(channel, retention)
    const own = this.of(channel)
    this.#drop(own.slice(0, Math.max(0, own.length - (retention.count ?? own.length))))
    this.expire(time)
    while (this.#events.length > this.#limits.events) this.#drop(this.#events.slice(0, 1))
    while (this.#bytes() > this.#limits.bytes && this.#events.length > 1) this.#drop(this.#events.slice(0, 1))
  }

  expire(now: number): void {
    this.#drop(this.#events.filter((event) => event.time + this.#limits.ageMs <= now))
    this.#drop(
      this.#events.filter(
        (event) => event.time + (this.#retention.get(event.channel)?.ageMs ?? Infinity) <= now,
      ),
    )
  }

  read(from: readonly ReadFrom[], bounds: ReadLimits): LogPage {
    const gaps = from.flatMap(({ channel, after }): Gap[] => {
      const earliest = this.earliest(channel)
      if (after > this.head) return [{ channel, reason: 'ahead', earliest }]
      return after < earliest ? [{ channel, reason: 'trimmed', earliest }] : []
    })
    const until = Math.min(bounds.until ?? this.head, this.head)
    const wanted = this.#events.filter(({ channel, offset }) => {
      const start = from.find((one) => one.channel === channel)
      return (
        start && !gaps.some((gap) => gap.channel === channel) && offset! > start.after && offset! <= until
      )
    })
    const events = wanted.filter(
      (_, i) => i === 0 || (i < bounds.events && sizeOf(wanted, i) <= bounds.bytes),
    )
    const more = events.length < wanted.length
    return { events, reached: more ? events.at(-1)!.offset! : until, more, gaps, head: this.head }
  }

  #bytes(): number {
    const names = new Set(this.#events.map((event) => event.channel))
    return sizeOf(this.#events, this.#events.length - 1) + 200 * this.#events.length + 400 * names.size
  }

  #drop(events: readonly StoredEvent[]): void {
    this.#events = this.#events.filter((event) => !events.includes(event))
  }
}

/** The size of the payloads up to and with the one at `index`. */
function sizeOf(events: readonly StoredEvent[], index: number): number {
  return events.slice(0, index + 1).reduce((sum, event) => sum + event.payload.length, 0)
}

const channel = fc.constantFrom(...channels)
const age = fc.nat({ max: 6 }).map((steps) => steps * stepMs + stepMs / 2)
const retention = fc.record({ count: fc.nat({ max: 4 }), ageMs: age }, { requiredKeys: [] })
const append = fc.record({
  do: fc.constant('append' as const),
  channel,
  size: fc.nat({ max: 40 }),
  retention,
})
const wait = fc.record({ do: fc.constant('wait' as const), steps: fc.integer({ min: 1, max: 8 }) })
const read = fc.record({
  do: fc.constant('read' as const),
  /** Starts as shares of the head, a little above it at most. */
  starts: fc.uniqueArray(fc.record({ channel, share: fc.double({ min: 0, max: 1.2, noNaN: true }) }), {
    selector: (start) => start.channel,
  }),
  events: fc.integer({ min: 1, max: 8 }),
  bytes: fc.nat({ max: 100 }),
  until: fc.option(fc.double({ min: 0, max: 1.2, noNaN: true }), { nil: undefined }),
  last: fc.nat({ max: 5 }),
})
const steps = fc.array(
  fc.oneof({ weight: 6, arbitrary: append }, { weight: 1, arbitrary: wait }, { weight: 3, arbitrary: read }),
  {
    minLength: 1,
    maxLength: 80,
  },
)
const limits = fc.record({
  events: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity)),
  bytes: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constant(Infinity)),
  ageMs: fc.oneof(age, fc.constant(Infinity)),
})

describe('memoryLog beside a model', () => {
  it('reads the same from every position, whatever was appended and trimmed', async () => {
    await fc.assert(fc.asyncProperty(limits, steps, runBeside), { numRuns: 1000 })
  })
})

async function runBeside(
  bounds: Limits,
  script: readonly (typeof steps extends fc.Arbitrary<infer S> ? S : never)[number][],
) {
  const clock = simulatedClock()
  const log = memoryLog({ ...bounds, clock })
  const model = new Model(bounds)
  for (const step of script) {
    if (step.do === 'append') {
      const payload = 'x'.repeat(step.size)
      await log.append({ channel: step.channel, event: 'tick', payload }, { retention: step.retention })
      model.append(step.channel, payload, clock.now(), step.retention)
    } else if (step.do === 'wait') {
      clock.advance(step.steps * stepMs)
      model.expire(clock.now())
    } else {
      await compare(log, model, step)
    }
  }
  await log.close()
  expect(clock.pending).toBe(0)
}

type ReadStep = typeof read extends fc.Arbitrary<infer R> ? R : never

async function compare(log: ChannelLog, model: Model, step: ReadStep): Promise<void> {
  const offset = (share: number) => Math.round(share * model.head)
  const from = step.starts.map(({ channel, share }) => ({ channel, after: offset(share) }))
  const until = step.until === undefined ? undefined : offset(step.until)
  const bounds = { events: step.events, bytes: step.bytes, until }
  expect(await log.read(from, bounds)).toEqual(model.read(from, bounds))
  for (const { channel } of step.starts) {
    const kept = model.of(channel)
    expect(await log.channelHead(channel, step.last)).toMatchObject({
      offset: model.head,
      last: model.last(channel),
      earliest: model.earliest(channel),
      newest: kept.at(Math.max(0, kept.length - step.last))?.prev ?? model.last(channel),
    })
  }
}
