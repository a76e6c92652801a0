export { type Advice, advise } from './advise.ts'
export { type Confidence, closeCall } from './confidence.ts'
export { builtInConstants, type Constants } from './constants.ts'
export type { Cost } from './costs.ts'
export type { Crossover } from './crossover.ts'
export type { DecideOptions, Reason } from './decide.ts'
export { type FlowFile, inputsOfDeclaration, type NamedFlow, readFlowFile } from './flow-file.ts'
export type { ClientKind, Direction, InputName, Inputs, Network, ProbedTransport } from './inputs.ts'
export {
  type LiveFault,
  type LivePlan,
  type LiveSample,
  type LiveState,
  type LiveTransport,
  observeLive,
  startLive,
} from './live.ts'
export {
  type ChannelFlow,
  correctFlow,
  type FlowCorrection,
  type FlowReport,
  inputsOf,
  type MeasuredFlow,
} from './measured-flow.ts'
export { advisePage, type PageAdvice, type PagePlan } from './page-plan.ts'
export { rules } from './rules/index.ts'
export type { Effect, Grade, Rule } from './rules/rule.ts'
export { answerScenarios, type ScenarioAnswer, type ScenarioReport } from './scenarios.ts'
export type { RankedOption } from './score.ts'
export type { Flip } from './sensitivity.ts'
export { type AdvisedTransport, type Need, transports } from './transports.ts'
