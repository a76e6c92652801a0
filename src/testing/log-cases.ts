import type { ChannelLog } from '../hub/channel-log.ts'
import { registerCases, type Skip, type TestRunner } from './case-runner.ts'
import { appendCases } from './log-append-cases.ts'
import type { LogCase, LogContext, LogOpenOptions } from './log-case.ts'
import { feedCases } from './log-feed-cases.ts'
import { gapCases } from './log-gap-cases.ts'
import { keyCases } from './log-key-cases.ts'
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
]

/** A log to run the cases on. */
export interface LogUnderTest extends TestRunner {
  /** Opens a new, empty log, which nothing else uses: the case closes it. */
  open(options: LogOpenOptions): Promise<ChannelLog>
  /** Lets time go by on a simulated clock. Default: real time goes by. */
  readonly pass?: LogContext['pass']
  /** What this log does not hold, and why. */
  readonly skip?: readonly Skip[]
}

/** Makes one test of each case with the test runner that is given, as `describe` and `it`. */
export function runLogCases(log: LogUnderTest): void {
  const pass = log.pass ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)))
  registerCases(log, logCases, log.skip ?? [], async (run) => {
    const opened: ChannelLog[] = []
    const open: LogContext['open'] = async (options = {}) => {
      const fresh = await log.open(options)
      opened.push(fresh)
      return fresh
    }
    try {
      await run({ open, pass })
    } finally {
      await Promise.all(opened.map((each) => each.close()))
    }
  })
}
