import type { FlowDeclaration } from '../protocol/index.ts'
import { type Advice, advise } from './advise.ts'
import type { DecideOptions } from './decide.ts'
import { inputsOfDeclaration } from './flow-file.ts'
import type { Inputs } from './inputs.ts'
import { transports } from './transports.ts'

/** What a server measured of one channel, per client and second. */
export interface MeasuredFlow {
  /** Over how long. */
  readonly windowSeconds: number
  /** Clients on the channel, on average; at least 1. */
  readonly clients: number
  readonly eventsPerSecond: number
  /** Bytes of one payload, on average; 0 where none came. */
  readonly eventBytes: number
  readonly sendsPerSecond: number
  readonly sendBytes: number
}

/** One channel of a server's status. */
export interface ChannelFlow {
  readonly channel: string
  readonly declared?: FlowDeclaration | undefined
  readonly measured: MeasuredFlow
}

/** What the advisor reads of a server's status: `flows` beside what else stands there. */
export interface FlowReport {
  readonly flows: readonly ChannelFlow[]
  /** The round trip of the server's clients in milliseconds, where it was measured. */
  readonly rttMs?: number | undefined
}

/** The inputs that a measured flow gives. What was declared and cannot be measured stays. */
export function inputsOf({ declared, measured }: ChannelFlow): Inputs {
  const { eventsPerSecond, eventBytes, sendsPerSecond, sendBytes, clients } = measured
  const { direction: _, ...rest } = declared === undefined ? {} : inputsOfDeclaration(declared)
  return {
    ...rest,
    downRate: eventsPerSecond,
    upRate: sendsPerSecond,
    ...(eventBytes > 0 && { downBytes: eventBytes }),
    ...(sendBytes > 0 && { upBytes: sendBytes }),
    clients: Math.max(1, Math.round(clients)),
  }
}

/** How a flow is, beside how it was declared. */
export interface FlowCorrection {
  readonly channel: string
  /** `declared 0.1 messages/s up, measured 6.2; crossover here 4.8 (HTTP/1.1, round trip 40 ms)`. */
  readonly message: string
  readonly declared: Advice
  readonly measured: Advice
}

/** From this ratio of declared to measured on it is said, as soon as a tenth of a message a second is meant. */
const worthSaying = 3

/**
 * Compares what was declared with what was measured; undefined where they agree, or nothing was declared. `context` is
 * what is known of where it runs.
 */
export function correctFlow(
  flow: ChannelFlow,
  context: Inputs = {},
  options: DecideOptions = {},
): FlowCorrection | undefined {
  if (flow.declared === undefined) return undefined
  const said = { ...context, ...inputsOfDeclaration(flow.declared) }
  const declared = advise(said, options)
  const measured = advise({ ...context, ...inputsOf(flow) }, options)
  const up = differ(said.upRate ?? 0, flow.measured.sendsPerSecond)
  const down = differ(said.downRate ?? 0, flow.measured.eventsPerSecond)
  if (!up && !down && declared.primary === measured.primary) return undefined
  const rate = up || !down ? 'up' : 'down'
  const [before, after] =
    rate === 'up'
      ? [said.upRate ?? 0, flow.measured.sendsPerSecond]
      : [said.downRate ?? 0, flow.measured.eventsPerSecond]
  const here =
    measured.crossover && rate === 'up' ? `; crossover here ${crossoverText(measured, context)}` : ''
  const change =
    declared.primary === measured.primary
      ? ''
      : `: ${transports[measured.primary].title} would suit it better`
  const message = `declared ${short(before)} messages/s ${rate}, measured ${short(after)}${here}${change}`
  return { channel: flow.channel, message, declared, measured }
}

function differ(declared: number, measured: number): boolean {
  const [less, more] = declared < measured ? [declared, measured] : [measured, declared]
  return more >= 0.1 && more > less * worthSaying
}

function crossoverText({ crossover }: Advice, { http, rttMs }: Inputs): string {
  const version =
    http === undefined ? 'HTTP version unknown' : `HTTP/${{ h1: '1.1', h2: '2', h3: '3' }[http]}`
  return `${short(crossover!.perSecond)} (${version}${rttMs === undefined ? '' : `, round trip ${rttMs} ms`})`
}

function short(value: number): number {
  return Number(value.toPrecision(2))
}
