import type { IncomingMessage, ServerResponse } from 'node:http'
import { advisePage, type Inputs, inputsOf, inputsOfDeclaration, type NamedFlow } from '../advisor/index.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, limits, parseChannelName } from '../protocol/index.ts'
import { targetOf } from './edge.ts'
import { channelFlow } from './flow-report.ts'
import { writeJson } from './send.ts'

/** What `GET /live/_plan` answers: how a page best reads and sends on these channels. */
export interface Plan {
  /** What the client tries in turn, the best first. */
  readonly ladder: readonly ('sse' | 'websocket' | 'long-poll')[]
  /** Messages up per second and client above which a WebSocket is better. */
  readonly crossover: number
  /** Whether a rule, not the rate, asks for the transport. */
  readonly fixed: boolean
  readonly reason: string
  readonly channels: Readonly<Record<string, { readonly primary: string }>>
}

const unknown = { ladder: ['sse', 'websocket', 'long-poll'] } as const

/**
 * `GET /live/_plan?channel=a&channel=b&http=h2`: the plan of a page that uses these channels, by the flows declared, else
 * by those measured. A channel that whoever asks may neither read nor send counts as one that nobody declared: the answer
 * tells nothing of it. Throws `invalid_channel`, `too_many_channels`, `bad_request`.
 */
export async function servePlan(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  session.share?.say()
  const params = new URLSearchParams(targetOf(request).query)
  const names = [...new Set(params.getAll('channel').map(parseChannelName))]
  if (names.length > limits.channelsPerStream)
    throw new FairleadError(
      'too_many_channels',
      `A plan is for at most ${limits.channelsPerStream} channels.`,
    )
  const http = httpOf(params.get('http'))
  const flows = await Promise.all(
    names.map(async (name) => ({ name, channel: name, inputs: { http, ...(await flowOf(session, name)) } })),
  )
  writeJson(response, 200, JSON.stringify(planOf(flows)))
}

/** The plan of several flows as one page. */
function planOf(flows: readonly NamedFlow[]): Plan {
  const { plan, flows: advised } = advisePage(flows)
  return {
    ladder: plan.ladder.length > 0 ? plan.ladder : unknown.ladder,
    crossover: plan.crossover,
    fixed: plan.fixed && plan.ladder.length > 0,
    reason: plan.why,
    channels: Object.fromEntries(
      advised.map(({ channel, advice }) => [channel, { primary: advice.primary }] as const),
    ),
  }
}

async function flowOf(session: Session, channel: string): Promise<Inputs> {
  if (!(await mayUse(session, channel))) return {}
  const declared = session.hub.declared.find(channel).declaration?.flow
  if (declared !== undefined) return inputsOfDeclaration(declared)
  const flow = channelFlow(session.hub, channel)
  return flow ? inputsOf(flow) : {}
}

/** Asked quietly: a page that only plans is no attempt that anyone need read of. */
async function mayUse(session: Session, channel: string): Promise<boolean> {
  const { hub, who } = session
  if (session.expired || hub.orders.revocations.covers(who, who?.issuedAt ?? hub.clock.now())) return false
  if (who?.admin === true) return true
  const allows = (action: 'read' | 'send') => hub.authorise.allows(who, action, channel)
  return (await allows('read')) || (await allows('send'))
}

function httpOf(value: string | null): 'h1' | 'h2' | 'h3' | undefined {
  if (value === null || value === 'h1' || value === 'h2' || value === 'h3') return value ?? undefined
  throw new FairleadError(
    'bad_request',
    'http is h1, h2 or h3: the version between the browser and its first hop.',
  )
}
