/** The transports between which a client changes. */
export type LiveTransport = 'sse' | 'websocket' | 'long-poll'

/** What a client starts from: made when the page is built, or by the server. */
export interface LivePlan {
  /** The best first. Nothing else is ever chosen. */
  readonly ladder: readonly LiveTransport[]
  /** Messages up per second above which a WebSocket is better. */
  readonly crossover: number
  /** Whether the rate has no say: only faults then change the transport. */
  readonly fixed?: boolean
}

/**
 * What went wrong with the transport in use. A response that ended in order, however soon, is no fault; neither is a
 * socket that sends events and no pong.
 */
export type LiveFault = 'refused' | 'silent' | 'buffered'

/** What a client saw since the sample before. */
export interface LiveSample {
  /** In milliseconds, of a clock that only goes forward. */
  readonly at: number
  /** Messages sent. */
  readonly sent: number
  readonly fault?: LiveFault | undefined
  /** Whether a send is not answered yet: no change then, but for a fault. */
  readonly busy?: boolean | undefined
}

/** All that is remembered; plain data, so that it can be kept for a network. */
export interface LiveState {
  readonly using: LiveTransport
  /** Why, in words; empty at the start. */
  readonly because: string
  /** Messages up per second, smoothed over a minute. */
  readonly rate: number
  readonly at: number
  /** Whether the rate asks for a WebSocket. */
  readonly socket: boolean
  /** On which side of the crossover the rate is (1 above, -1 below, 0 near it), since when. */
  readonly side: number
  readonly since: number
  /** When the rate last made a change. */
  readonly turned: number
  /** What failed: not before when it is tried again, and how often it failed in a row. */
  readonly failed: Readonly<Partial<Record<LiveTransport, readonly [until: number, times: number]>>>
}

const minute = 60_000
const rest = 10 * minute

/** The state at the start. `failed` is what was remembered of this network. */
export function startLive({ ladder }: LivePlan, at: number, failed: LiveState['failed'] = {}): LiveState {
  const using = pick(ladder, failed, at)
  const socket = ladder[0] === 'websocket'
  return { using, because: '', rate: 0, at, socket, side: 0, since: at, turned: at - rest, failed }
}

/**
 * Stay or change: a changed `using` is the order, `because` the reason. By rate it takes 2 minutes above one and a half
 * of the crossover, or 10 below half of it, and then 10 minutes of rest. After a fault at once; what failed is tried
 * again after a minute, then after twice as long each time, up to ten.
 */
export function observeLive(
  plan: LivePlan,
  state: LiveState,
  { at, sent, fault, busy }: LiveSample,
): LiveState {
  const { using, turned } = state
  const old = Math.exp((state.at - at) / minute)
  const rate = state.rate * old + (at > state.at ? (sent / (at - state.at)) * 1000 * (1 - old) : 0)
  const side = rate > plan.crossover * 1.5 ? 1 : rate < plan.crossover / 2 ? -1 : 0
  const since = side === state.side ? state.since : at
  const [before, times] = state.failed[using] ?? [0, 0]
  const again = at - before > rest ? 1 : times + 1 // one fault long ago says nothing of now
  const failed = fault
    ? { ...state.failed, [using]: [at + Math.min(rest, minute * 2 ** (again - 1)), again] as const }
    : state.failed
  const turns =
    !plan.fixed &&
    !busy &&
    at - turned >= rest &&
    side === (state.socket ? -1 : 1) &&
    at - since >= (state.socket ? rest : 2 * minute)
  const socket = state.socket !== turns
  const to = fault || !busy ? pick(prefer(plan, socket), failed, at) : using
  const because =
    to === using
      ? state.because
      : fault
        ? `${using} ${fault}`
        : turns
          ? `${rate.toFixed(1)}/s up, crossover ${plan.crossover}`
          : `${to} again`
  return { using: to, because, rate, at, socket, side, since, turned: turns ? at : turned, failed }
}

/** The ladder with the kind that the rate asks for first. */
function prefer({ ladder, fixed }: LivePlan, socket: boolean): readonly LiveTransport[] {
  if (fixed) return ladder
  const first = ladder.find((one) => (one === 'websocket') === socket)
  return first ? [first, ...ladder.filter((one) => one !== first)] : ladder
}

/** The first that may be tried; where none may, the one that may soonest. */
function pick(ladder: readonly LiveTransport[], failed: LiveState['failed'], at: number): LiveTransport {
  const wait = (one: LiveTransport): number => Math.max(0, (failed[one]?.[0] ?? 0) - at)
  return ladder.reduce((best, one) => (wait(one) < wait(best) ? one : best))
}
