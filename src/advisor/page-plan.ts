import { type Advice, advise } from './advise.ts'
import { heartbeatSeconds } from './constants.ts'
import { type DecideOptions, type Decision, decide } from './decide.ts'
import type { NamedFlow } from './flow-file.ts'
import type { Inputs } from './inputs.ts'
import type { LiveTransport } from './live.ts'
import type { RankedOption } from './score.ts'
import { type AdvisedTransport, transports } from './transports.ts'

/** One connection for all flows of a page, and what goes beside it. */
export interface PagePlan {
  /** The transport of the one connection; undefined where no flow needs one. */
  readonly transport: LiveTransport | undefined
  /** What the client tries in turn. */
  readonly ladder: readonly LiveTransport[]
  /** Messages up per second and client above which a WebSocket is better for this page. */
  readonly crossover: number
  /** Whether a rule, not the rate, asks for the transport: then no measured rate changes it. */
  readonly fixed: boolean
  readonly heartbeatSeconds: number
  /** Names of the flows on the connection. */
  readonly carries: readonly string[]
  /** Names of the flows that only send: by POST, or over the WebSocket where that is the connection. */
  readonly sends: readonly string[]
  /** Flows that another way suits better. */
  readonly elsewhere: readonly { readonly name: string; readonly transport: AdvisedTransport }[]
  /** What the one connection costs a client over each transport that could carry all of it, the best first. */
  readonly ranked: readonly RankedOption[]
  readonly why: string
}

/** The advice for several flows of one page. */
export interface PageAdvice {
  readonly flows: readonly { readonly name: string; readonly channel: string; readonly advice: Advice }[]
  readonly plan: PagePlan
}

/** Advises on every flow of a page, and on one connection for them all. The order of the flows does not matter. */
export function advisePage(flows: readonly NamedFlow[], options: DecideOptions = {}): PageAdvice {
  const down = flows.filter(({ inputs }) => inputs.direction !== 'up').length
  const page = flows.map((flow) => ({
    ...flow,
    inputs: { ...flow.inputs, flowsPerPage: flow.inputs.flowsPerPage ?? Math.max(1, down) },
  }))
  const advised = page.map(({ name, channel, inputs }) => ({
    name,
    channel,
    advice: advise(inputs, options),
    inputs,
  }))
  return {
    flows: advised.map(({ name, channel, advice }) => ({ name, channel, advice })),
    plan: planOf(advised, options),
  }
}

interface AdvisedFlow {
  readonly name: string
  readonly inputs: Inputs
  readonly advice: Advice
}

function planOf(flows: readonly AdvisedFlow[], options: DecideOptions): PagePlan {
  const connected = flows.filter(({ advice }) => advice.ladder.length > 0)
  const sends = flows.filter(({ advice }) => advice.primary === 'post-only')
  const elsewhere = flows.filter((flow) => !connected.includes(flow) && !sends.includes(flow))
  const page = decide(together([...connected, ...sends]), options)
  const ranked = page.ranked.filter(({ transport }) => connected.every((flow) => canCarry(transport, flow)))
  const [best] = connected.length === 0 ? [] : ranked.length === 0 ? page.ranked : ranked
  const transport = best && connectionOf(best.transport)
  return {
    transport,
    ladder: ladderOf(transport, connected),
    crossover: page.crossover.perSecond,
    fixed: ranked.filter((one) => connectionOf(one.transport) !== 'long-poll').length < 2,
    heartbeatSeconds,
    carries: connected.map(({ name }) => name).sort(),
    sends: sends.map(({ name }) => name).sort(),
    elsewhere: elsewhere
      .map(({ name, advice }) => ({ name, transport: advice.primary }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    ranked: connected.length === 0 ? [] : ranked,
    why: whyOf(page, transport, connected),
  }
}

/** All flows as if they were one: what goes over a connection is the sum, how fast it must be is the hastiest. */
function together(flows: readonly AdvisedFlow[]): Inputs {
  const sum = (name: 'downRate' | 'upRate'): number =>
    flows.reduce((total, { inputs }) => total + (inputs[name] ?? 0), 0)
  const most = (values: readonly number[]): number | undefined =>
    values.length ? Math.max(...values) : undefined
  const least = (values: readonly number[]): number | undefined =>
    values.length ? Math.min(...values) : undefined
  const up = sum('upRate')
  return {
    ...surroundingsOf(flows),
    direction: up > 0 ? 'both' : 'down',
    downRate: Number(sum('downRate').toPrecision(6)),
    upRate: Number(up.toPrecision(6)),
    downBytes: mean(flows, 'downRate', 'downBytes'),
    upBytes: mean(flows, 'upRate', 'upBytes'),
    latencyMs: least(flows.flatMap(({ inputs }) => inputs.latencyMs ?? [])),
    order: flows.some(({ inputs }) => inputs.order === 'strict') ? 'strict' : undefined,
    rttMs: most(flows.flatMap(({ inputs }) => inputs.rttMs ?? [])),
    clients: most(flows.flatMap(({ inputs }) => inputs.clients ?? [])),
    flowsPerPage: flows.length,
  }
}

const surroundings = [
  'http',
  'network',
  'tabs',
  'clientKind',
  'existing',
  'serverlessMaxSeconds',
  'sseBlocked',
  'websocketBlocked',
  'products',
  'team',
  'oldBrowserShare',
  'auth',
  'failures',
] as const

/** Where the page runs, as its flows say it; the first by name where two differ. What a flow is for is its own matter. */
function surroundingsOf(flows: readonly AdvisedFlow[]): Inputs {
  const sorted = [...flows].sort((a, b) => a.name.localeCompare(b.name))
  return Object.fromEntries(
    surroundings.flatMap((name) => {
      const value = sorted.map(({ inputs }) => inputs[name]).find((one) => one !== undefined)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function mean(
  flows: readonly AdvisedFlow[],
  rate: 'downRate' | 'upRate',
  size: 'downBytes' | 'upBytes',
): number | undefined {
  const sized = flows.filter(({ inputs }) => (inputs[rate] ?? 0) > 0 && inputs[size] !== undefined)
  const total = sized.reduce((sum, { inputs }) => sum + inputs[rate]!, 0)
  if (total === 0) return undefined
  return Math.round(sized.reduce((sum, { inputs }) => sum + inputs[rate]! * inputs[size]!, 0) / total)
}

function canCarry(transport: AdvisedTransport, { advice }: AdvisedFlow): boolean {
  const connection = connectionOf(transport)
  return (
    connection !== undefined && !advice.avoid.some(({ transport: out }) => connectionOf(out) === connection)
  )
}

/** Which connection an answer rides on. */
function connectionOf(transport: AdvisedTransport): LiveTransport | undefined {
  if (transport === 'sse+post') return 'sse'
  return transport === 'sse' || transport === 'websocket' || transport === 'long-poll' ? transport : undefined
}

/** What a path rules out for one flow is out for all that share the connection. */
function ladderOf(first: LiveTransport | undefined, connected: readonly AdvisedFlow[]): LiveTransport[] {
  if (first === undefined) return []
  const all = ['sse', 'websocket', 'long-poll'] as const
  const rest = all.filter(
    (one) => one !== first && connected.every(({ advice }) => advice.ladder.includes(one)),
  )
  return [first, ...rest]
}

function whyOf(
  page: Decision,
  transport: LiveTransport | undefined,
  connected: readonly AdvisedFlow[],
): string {
  if (transport === undefined) return 'No flow needs a connection that stays open.'
  const alone = connected.filter(({ advice }) => connectionOf(advice.primary) !== transport)
  const reason = page.reasons.find(({ rule }) => ['R29', 'R28', 'R27'].includes(rule))?.because ?? ''
  const moved = alone.map(({ name }) => name).sort()
  const others = moved.length === 0 ? '' : ` ${moved.join(', ')}: alone on another, here on the same (R23).`
  return `${transports[transport].title}: ${reason}.${others}`
}
