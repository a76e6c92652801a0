export type { Case, Skip, TestRunner } from './case-runner.ts'
export { type SimulatedClock, seededRandom, simulatedClock } from './clock.ts'
export {
  type LogCase,
  type LogContext,
  type LogOpenOptions,
  type LogUnderTest,
  logCases,
  runLogCases,
} from './log-cases.ts'
export {
  type PresenceCase,
  type PresenceContext,
  type PresenceOpenOptions,
  type PresenceUnderTest,
  presenceCases,
  runPresenceCases,
} from './presence-cases.ts'
export type { ServerCase, ServerTraits } from './server-cases/case.ts'
export { conformanceChannels } from './server-cases/conformance-channels.ts'
export {
  type RunServerCasesOptions,
  runServerCase,
  runServerCases,
  type ServerCaseResult,
  serverCases,
} from './server-cases/run.ts'
