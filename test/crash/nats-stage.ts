import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { type NatsLogOptions, natsLog } from '../../src/log/nats.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { caughtUp, HistoryReader, HistoryWriter, judge } from './nats-history.ts'
import type { CrashOptions, CrashResult } from './row.ts'

/** An append must have failed by then, in milliseconds: its deadline, and what a busy machine adds. */
const failedBy = 5_000 + 1_500
/** Everyone must be where the log is by then, in milliseconds after the healing. */
const healedBy = 5_000

/** How a row makes its fault. */
export interface Fault {
  /** The options of each server's log. */
  readonly logs: readonly NatsLogOptions[]
  /** Makes the fault once and heals it; answers when it is healed. */
  strike(random: () => number, cycle: number): Promise<void>
  /** Appends on their way at a time of each server, and the rest after each, in milliseconds. */
  readonly atOnce: number
  readonly restMs: number
  /** The share of appends under a key. @default 0.3 */
  readonly keyed?: number
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Two servers' logs, each with a reader and a writer, while the fault strikes again and again. */
export async function play(
  { logs: optionsOf, strike, atOnce, restMs, keyed = 0.3 }: Fault,
  { seed, cycles, onProgress }: CrashOptions,
): Promise<CrashResult> {
  const random = seededRandom(seed)
  const logs: ChannelLog[] = optionsOf.map((options) => natsLog(options))
  const readers = logs.map((log, i) => new HistoryReader(log, `reader ${i}`))
  const faults: string[] = []
  let slowest = 0
  let writers: HistoryWriter[] = []
  try {
    await logs[0]!.head()
    await Promise.all(readers.map((reader) => reader.start()))
    writers = logs.map((log, i) => new HistoryWriter(log, `w${i}`, random, { atOnce, restMs, keyed }))
    for (let cycle = 0; cycle < cycles; cycle++) {
      await pause(200 + random() * 300)
      await strike(random, cycle)
      const took = await caughtUpUnderLoad(readers, logs)
      if (took === undefined) faults.push(`cycle ${cycle}: not caught up ${healedBy} ms after the healing`)
      slowest = Math.max(slowest, took ?? healedBy)
      if ((cycle + 1) % 10 === 0) onProgress(`${cycle + 1} of ${cycles} cycles`)
    }
    await Promise.all(writers.map((writer) => writer.stop()))
    if ((await caughtUp(readers, logs, 2 * healedBy)) === undefined) {
      faults.push('the readers never reached the head of the log')
    }
    const verdict = judge(readers, writers)
    const slowestFailure = Math.max(...writers.map((writer) => writer.slowestFailure))
    if (slowestFailure > failedBy) faults.push(`an append took ${Math.round(slowestFailure)} ms to fail`)
    const counts = {
      cycles,
      ...verdict.counts,
      'slowest failure ms': Math.round(slowestFailure),
      'slowest catch-up ms': Math.round(slowest),
    }
    return { counts, faults: [...verdict.faults, ...faults] }
  } finally {
    await Promise.all(writers.map((writer) => writer.stop()))
    for (const reader of readers) reader.close()
    await Promise.all(logs.map((log) => log.close()))
  }
}

/** While more is written: every reader passes where the log stood after the healing. */
async function caughtUpUnderLoad(
  readers: readonly HistoryReader[],
  logs: readonly ChannelLog[],
): Promise<number | undefined> {
  const began = performance.now()
  let goal: { epoch: string; offset: number } | undefined
  while (performance.now() - began < healedBy) {
    goal ??= await logs[0]!.head().catch(() => undefined)
    const there = readers.every(({ position }) => {
      return goal && position && (position.epoch !== goal.epoch || position.offset >= goal.offset)
    })
    if (there) return performance.now() - began
    await pause(10)
  }
  return undefined
}
