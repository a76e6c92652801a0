import type { ChannelLog } from '../hub/channel-log.ts'
import { registerCases, type Skip, type TestRunner } from './case-runner.ts'
import { appendCases } from './log-append-cases.ts'
import type { LogCase, LogContext, LogOpenOptions } from './log-case.ts'
import { feedCases } from './log-feed-cases.ts'
import { gapCases } from './log-gap-cases.ts'
import { keyCases } from './log-key-cases.ts'
import { lastingCases, sharedCases } from './log-lasting-cases.ts'
import { positionCases } from './log-position-cases.ts'
import { readCases } from './log-read-cases.ts'
import { retentionCases } from './log-retention-cases.ts'

export type { LogCase, LogContext, LogOpenOptions } from './log-case.ts'

/** What every `ChannelLog` promises, point by point. */
export const logCases: readonly LogCase[] = [
  ...appendCases,
  ...keyCases,
  ...positionCases,
  ...readCases,
  ...gapCases,
  ...retentionCases,
  ...feedCases,
  ...lastingCases,
  ...sharedCases,
]

/** A log to run the cases on. */
export interface LogUnderTest extends TestRunner {
  /** Opens a new, empty log, which nothing else uses: the case closes it. */
  open(options: LogOpenOptions): Promise<ChannelLog>
  /** Opens again what a log that was closed left behind; or says why there is no such thing. */
  readonly reopen: ((closed: ChannelLog) => Promise<ChannelLog>) | string
  /** Opens a log that is open a second time, as another server does; or says why that cannot be. */
  readonly another: ((open: ChannelLog) => Promise<ChannelLog>) | string
  /** Lets time go by on a simulated clock. Default: real time goes by. */
  readonly pass?: LogContext['pass']
  /** What this log does not hold, and why. */
  readonly skip?: readonly Skip[]
}

/** Makes one test of each case with the test runner that is given, as `describe` and `it`. */
export function runLogCases(log: LogUnderTest): void {
  const pass = log.pass ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)))
  const skip = [
    ...(log.skip ?? []),
    ...without(log.reopen, lastingCases),
    ...without(log.another, sharedCases),
  ]
  registerCases(log, logCases, skip, async (run) => {
    const opened = new Set<ChannelLog>()
    const keep = async (opening: Promise<ChannelLog>) => {
      const open = await opening
      opened.add(open)
      return open
    }
    const context: LogContext = {
      pass,
      open: (options = {}) => keep(log.open(options)),
      another: (first) => keep(given(log.another)(first)),
      async reopen(first) {
        await first.close()
        opened.delete(first)
        return keep(given(log.reopen)(first))
      },
    }
    try {
      await run(context)
    } finally {
      await Promise.all([...opened].map((each) => each.close()))
    }
  })
}

function without(way: unknown, cases: readonly LogCase[]): Skip[] {
  return typeof way === 'string' ? cases.map(({ id }) => ({ case: id, reason: way })) : []
}

function given<Way>(way: Way | string): Way {
  if (typeof way === 'string') throw new Error(way)
  return way
}
