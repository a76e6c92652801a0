import { type LiveState, observeLive, startLive } from '../advisor/live.ts'
import type { Clock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import type { ChangePolicy, ConnectionPlan, Decision, Explanation } from './decisions.ts'
import type { Ending } from './ending.ts'
import type { Endpoint } from './endpoint.ts'
import type { Link, LinkEvent } from './link.ts'
import { createListeners } from './listeners.ts'
import { createNetworkMemory } from './network-memory.ts'
import type { Deliver } from './outbox.ts'
import type { TransportName } from './transports/stream.ts'

/** Where there is no plan: what the advisor assumes of a path it knows nothing of. */
const unplanned: ConnectionPlan = {
  ladder: ['sse', 'websocket', 'long-poll'],
  crossover: 2.9,
  reason: 'SSE suits most pages.',
}
/** How often the flow is looked at while anything is sent, in milliseconds. */
const lookMs = 10_000
/** The plan is asked for this long after a stream opened, so that it delays nothing, and then at most this often. */
const planDelayMs = 3_000
const planEveryMs = 60_000
/** How long the server has for an answer that it need not think about. */
const probeMs = 2_000
const keptDecisions = 20
/** A stream that was late before is late again after this, in milliseconds. */
const suspiciousMs = 200

/** What the pilot needs of its client. */
export interface PilotOptions {
  readonly clock: Clock
  readonly endpoint: Endpoint
  readonly policy: ChangePolicy
  readonly plan: ConnectionPlan | undefined
  /** What the application named: then nothing is planned and nothing moves. */
  readonly order: readonly TransportName[] | undefined
  /** Names of the channels in use. */
  readonly channels: () => readonly string[]
}

/** Watches the link and what flows, and has the link change its transport. */
export interface Pilot {
  readonly order: readonly TransportName[]
  /** What worked on this network before. */
  readonly first: TransportName | undefined
  told(event: LinkEvent): void
  /** Why a stream that has just opened is believed to be held back by a proxy, if it is. */
  isHeldBack(event: LinkEvent): string | undefined
  /** Whether the server answers over HTTP; absent where the application named its transports. */
  readonly isAlive: (() => Promise<boolean>) | undefined
  count(events: number, bytes: number): void
  /** The application sends this much. */
  sends(size: number): void
  /** Measures what is delivered; while the transport changes, what comes next waits. */
  delivering(deliver: Deliver): Deliver
  /** The application names its transports, or (nothing) leaves them to the pilot again. */
  named(order: readonly TransportName[] | undefined): readonly TransportName[]
  explain(): Explanation
  onDecision(fn: (decision: Decision) => void): () => void
  close(): void
}

/**
 * What does not work is the link's matter: it falls back at once. This is about what would suit better, and about
 * telling a slow path from one that holds a stream back. `link` is asked for when it is there. Long because one
 * connection's measurements are what all of its parts decide by.
 */
export function createPilot(options: PilotOptions, link: () => Link): Pilot {
  const { clock, endpoint, channels, policy } = options
  const listeners = createListeners()
  const memory = createNetworkMemory(endpoint.url('', []), clock)
  const decisions: Decision[] = []
  let isNamed = options.order !== undefined
  let plan = options.plan ?? unplanned
  let live: LiveState = startLive(plan, clock.now())
  let order = options.order ?? plan.ladder
  let isClosed = false

  let using: TransportName | undefined
  /** Why the stream in use, or what was tried beside it, ended last. */
  let trouble: { transport: TransportName; reason: string } | undefined
  /** A change that waits for the answers to what was sent, or is being made. */
  let wish: { order: readonly TransportName[]; reason: string } | undefined
  let moving: Promise<void> | undefined
  let inFlight = false

  let sent = 0
  let allSent = 0
  let sentBytes = 0
  let events = 0
  let receivedBytes = 0
  let cuts = 0
  let silences = 0
  let heldBack = 0
  let openMs: number | undefined
  let roundTripMs: number | undefined
  /** The shortest answer so far: what the path itself takes. */
  let shortestMs = Infinity
  /** Later than this a stream is late whatever its heartbeat: once it was found late. */
  let patienceMs = Infinity

  let cancelLook: (() => void) | undefined
  let cancelPlan: (() => void) | undefined
  let plannedFor: string | undefined
  let plannedAt = -Infinity

  const isSteering = () => !isNamed && policy !== 'off' && !isClosed

  const decide = (kind: Decision['kind'], reason: string, from?: TransportName, to?: TransportName) => {
    const decision: Decision = { at: clock.now(), kind, from, to, reason }
    decisions.push(decision)
    if (decisions.length > keptDecisions) decisions.shift()
    listeners.call('', decision)
  }

  const answered = (ms: number) => {
    roundTripMs = roundTripMs === undefined ? ms : roundTripMs * 0.8 + ms * 0.2
    shortestMs = Math.min(shortestMs, ms)
  }

  /** A request that needs no thought; any word of the server's own is an answer. */
  const ask = async <T>(query: readonly (readonly [string, string])[]): Promise<T | undefined> => {
    const began = clock.now()
    const answer = await withDeadline(clock, probeMs, undefined, (signal) =>
      endpoint.json<T>({ path: '/_plan', query, signal }),
    ).catch((error: Ending) => {
      if (!error.kind) throw error
    })
    answered(clock.now() - began)
    return answer as T | undefined
  }

  /** The stream opened as late as its second message is due: the first was held back, unless the path is that slow. */
  const isHeldBack = (event: LinkEvent) => {
    if (!isLate(event) || event.openMs! < 4 * shortestMs) return undefined
    heldBack++
    return `A proxy holds events back: the first took ${event.openMs} ms, a request ${shortestMs} ms.`
  }
  const isLate = ({ transport, openMs = 0, everyMs = Infinity }: LinkEvent) =>
    isSteering() && transport === 'sse' && openMs > Math.min(0.8 * everyMs, patienceMs)

  const move = (reason: string, ladder: readonly TransportName[]) => {
    if (ladder[0] === order[0]) {
      order = ladder
      return
    }
    if (policy === 'suggest') return decide('suggest', reason, using, ladder[0])
    wish = { order: ladder, reason }
    if (!inFlight) void go()
  }

  /** Nothing sent is unanswered; what is sent meanwhile waits for the end of the change. */
  const go = async () => {
    if (moving || !wish) return
    const { reason } = wish
    const before = order
    order = wish.order
    moving = link()
      .use(order)
      // Nothing at all is open: the link goes on trying.
      .catch(() => {})
    await moving
    if (using === before[0])
      decide('stay', `${reason} But it does not open: ${trouble?.reason}`, using, order[0])
    moving = wish = undefined
  }

  /** Looks at the flow again and again while there is one, or while one has made the choice. */
  const look = () => {
    cancelLook ??= clock.after(lookMs, () => {
      cancelLook = undefined
      if (!isSteering()) return
      const wasSocket = live.socket
      live = observeLive(plan, live, { at: clock.now(), sent })
      sent = 0
      if (live.socket !== wasSocket) move(rateReason(live, plan), ladderOf(plan, live))
      if (live.rate > 0.01 || live.socket) look()
    })
  }

  /** Takes a plan, unless a measured rate has just decided otherwise. */
  const take = (next: ConnectionPlan) => {
    plan = next
    const { crossover, ladder, reason = 'As planned.' } = plan
    decide('plan', `${reason} Order ${ladder}; crossover ${crossover.toFixed(1)} sends/s.`)
    if (clock.now() - live.turned < planEveryMs * 10) return
    live = { ...live, using: ladder[0]!, socket: ladder[0] === 'websocket', side: 0, since: clock.now() }
    move(`The plan of the server: ${reason}`, ladder)
    if (live.socket) look()
  }

  /** Asks for the plan of the channels in use, once for each set of them. */
  const askPlan = () => {
    if (options.plan || !isSteering() || cancelPlan) return
    const names = [...channels()].sort()
    if (!names.length || plannedFor === `${names}`) return
    const dueMs = Math.max(planDelayMs, plannedAt + planEveryMs - clock.now())
    cancelPlan = clock.after(dueMs, () => {
      plannedAt = clock.now()
      cancelPlan = undefined
      void fetchPlan([...channels()].sort())
    })
  }

  const fetchPlan = async (names: readonly string[]) => {
    plannedFor = `${names}`
    const query = [...names.map((name) => ['channel', name] as const), ...httpVersion()]
    // What fails changes nothing.
    const next = await ask<ConnectionPlan>(query).catch(() => undefined)
    if (next?.ladder?.every((one) => unplanned.ladder.includes(one)) && isSteering()) take(next)
  }

  const opened = (event: LinkEvent) => {
    const { transport } = event
    const from = using
    openMs = event.openMs
    using = transport
    if (transport === order[0]) memory.remember(undefined)
    if (from !== transport) decide(...whyOpened(from, transport), from, transport)
    trouble = undefined
    askPlan()
    // Nothing is known of this path yet to compare it with.
    if (!isLate(event)) patienceMs = Infinity
    else if (shortestMs === Infinity) void compare(event)
  }

  /** A busy moment looks the same: it is held back only if it is late again. */
  const compare = async (event: LinkEvent) => {
    await ask([]).catch(() => {})
    if (using !== 'sse' || event.openMs! < 4 * shortestMs) return
    // An event may push the next first message on before a heartbeat does.
    patienceMs = suspiciousMs
    link().doubt()
  }

  const whyOpened = (from: TransportName | undefined, to: TransportName): [Decision['kind'], string] => {
    if (wish?.order[0] === to) return ['move', wish.reason]
    if (isNamed && to === order[0]) return [from ? 'move' : 'start', 'The application chose it.']
    if (trouble && trouble.transport !== to) {
      return [from ? 'fallback' : 'start', `${trouble.transport} does not work here: ${trouble.reason}`]
    }
    if (!from)
      return [
        'start',
        to === order[0] ? (plan.reason ?? 'It is first in the plan.') : 'It worked on this network before.',
      ]
    if (order.indexOf(to) < order.indexOf(from)) return ['return', `${to} is better than ${from}, and works.`]
    return ['fallback', `${from} was lost.`]
  }

  return {
    order,
    first: isSteering() ? memory.recall() : undefined,
    isHeldBack,
    isAlive: isSteering()
      ? () =>
          ask([]).then(
            () => true,
            () => false,
          )
      : undefined,
    told(event) {
      const { kind, transport, reason = '', slow } = event
      if (kind === 'open') return opened(event)
      if (kind === 'cut') {
        cuts++
        if (slow) silences++
        // The path may be another one from here on.
        shortestMs = patienceMs = Infinity
      }
      // A server that speaks says nothing against the transport.
      if (!event.isServers) trouble = { transport, reason }
      // Confirmed: what is better was tried beside what works, and does not.
      if (kind === 'failed' && using !== transport && link().current() && !wish && isSteering())
        memory.remember(using)
    },
    count(more, bytes) {
      events += more
      receivedBytes += bytes
    },
    sends(size) {
      sent++
      allSent++
      sentBytes += size
      if (isSteering()) {
        look()
        askPlan()
      }
    },
    delivering: (deliver) => async (batch, reply, signal) => {
      if (moving) await moving
      inFlight = true
      const began = clock.now()
      try {
        await deliver(batch, reply, signal)
        answered(clock.now() - began)
      } finally {
        inFlight = false
        if (wish) void go()
      }
    },
    named(names) {
      isNamed = names !== undefined
      wish = undefined
      order = names ?? ladderOf(plan, live)
      return order
    },
    explain: () => ({
      state: link().state(),
      policy: isNamed ? 'off' : policy,
      order,
      plan: isNamed ? undefined : plan,
      measured: {
        // As of now: nothing is looked at while nothing is sent.
        sendsPerSecond: observeLive(plan, live, { at: clock.now(), sent }).rate,
        sendBytes: allSent && Math.round(sentBytes / allSent),
        events,
        receivedBytes,
        roundTripMs,
        openMs,
        cuts,
        silences,
        heldBack,
      },
      decisions: [...decisions],
    }),
    onDecision: (fn) => listeners.add('', fn),
    close() {
      isClosed = true
      cancelLook?.()
      cancelPlan?.()
    },
  }
}

/** The order of a plan with the kind first that the rate asks for. */
function ladderOf({ ladder }: ConnectionPlan, { using }: LiveState): readonly TransportName[] {
  return [using, ...ladder.filter((one) => one !== using)]
}

function rateReason({ rate, socket }: LiveState, { crossover }: ConnectionPlan): string {
  const [measured, limit] = [rate.toFixed(1), crossover.toFixed(1)]
  return socket
    ? `${measured} sends/s for 2 minutes, crossover ${limit}: a WebSocket costs less.`
    : `${measured} sends/s for 10 minutes, crossover ${limit}: the WebSocket is not worth it.`
}

/** Of the page: as good a guess as there is before a stream has ended. */
function httpVersion(): (readonly [string, string])[] {
  const [page] = (globalThis.performance?.getEntriesByType?.('navigation') ?? []) as {
    nextHopProtocol?: string
  }[]
  const hop = page?.nextHopProtocol?.replace('ttp/1.1', '1')
  return hop ? [['http', hop]] : []
}
