import type { ChannelLog, LogPage } from '../../src/hub/channel-log.ts'
import type { SlowReader } from '../../src/hub/channels.ts'
import { FlowMeter } from '../../src/hub/flow.ts'
import { Metrics } from '../../src/hub/metrics.ts'
import type { StartRequest } from '../../src/hub/start.ts'
import { Subscription } from '../../src/hub/subscription.ts'
import { TimerWheel } from '../../src/hub/timer-wheel.ts'
import { TopicHub } from '../../src/hub/topic-hub.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { FakeConnection } from './fake-connection.ts'

/** Lets everything that is only waiting for the event loop happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}

/** A log whose reads are answered when the test says, from what the log held when they were asked. */
class GatedLog {
  readonly log: ChannelLog
  reads = 0
  gated = false
  readonly #waiting: (() => void)[] = []

  constructor(inner: ChannelLog) {
    this.log = Object.create(inner, {
      read: { value: (...args: Parameters<ChannelLog['read']>) => this.#read(inner.read(...args)) },
    })
    for (const name of ['append', 'head', 'channelHead', 'follow', 'close'] as const) {
      Object.defineProperty(this.log, name, { value: inner[name].bind(inner) })
    }
  }

  get waiting(): number {
    return this.#waiting.length
  }

  release(): void {
    this.#waiting.shift()?.()
  }

  async #read(page: Promise<LogPage>): Promise<LogPage> {
    this.reads++
    if (this.gated) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return page
  }
}

/** A topic hub on a memory log, turned by hand. */
export async function makeHub(
  options: {
    slow?: Record<string, SlowReader>
    log?: Parameters<typeof memoryLog>[0]
    byHand?: boolean
  } = {},
) {
  const clock = simulatedClock({ seed: 7 })
  const gate = new GatedLog(memoryLog({ clock, ...options.log }))
  const turns: (() => void)[] = []
  const flow = new FlowMeter(clock)
  const hub = new TopicHub(
    {
      log: gate.log,
      clock,
      wheel: new TimerWheel(clock),
      flow,
      metrics: new Metrics(),
      slowPolicy: (channel) => options.slow?.[channel] ?? 'resume',
      interrupted: () => {},
      stopwatch: () => 0, // No flush is long: nothing rests on a clock that stands still.
      afterTurn: options.byHand ? (turn) => turns.push(turn) : undefined,
    },
    (await gate.log.head()).epoch,
  )
  return {
    hub,
    gate,
    flow,
    clock,
    /** Runs what waits for the end of the turn. */
    turn: () => turns.splice(0).forEach((turn) => void turn()),
    append: (channel: string, data: string, tag?: string) =>
      gate.log.append({ channel, event: 'e', payload: JSON.stringify(data), tag }),
    async subscribe(channels: string[], start: StartRequest = {}, connection = new FakeConnection()) {
      const owner = {
        shared: false,
        lost: () => {},
        failed: (error: unknown) => {
          throw error
        },
      }
      const subscription = new Subscription(hub, hub.topic(channels), connection, owner)
      const position = await subscription.start(start)
      subscription.run()
      return { subscription, connection, position }
    },
  }
}
