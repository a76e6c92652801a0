import type { Crossover } from '../crossover.ts'
import type { Facts } from '../inputs.ts'
import { because, isScreen, type Rule } from './rule.ts'

/** Which way it goes, how often, to how many, and what is there already. */
export const shapeRules: readonly Rule[] = [
  {
    id: 'R25',
    title: 'up only, and not often: a POST',
    grade: 'measured',
    source: 'a POST costs 61 to 868 B beside the payload; a connection that waits costs memory all day',
    condition: 'up only, below the crossover (batched as far as the latency allows)',
    when: (facts, { perSecond }) =>
      because(
        facts.direction === 'up' && facts.requestRate < perSecond,
        `${rateUp(facts)}, crossover ${round(perSecond)}/s`,
      ),
    effect: ({ batchMs, upRate }) => ({
      only: ['post-only'],
      ...(batchMs > 0 && upRate * batchMs > 1000
        ? { warning: `Send every ${Math.round(batchMs)} ms what has gathered.` }
        : {}),
    }),
  },
  {
    id: 'R22',
    title: 'the same for very many: a cache can help',
    grade: 'specified',
    source: 'CDNs that collapse requests serve one stream, or one cached GET, to all',
    condition: 'one way, the same for all, more than 10,000 readers',
    when: ({ direction, fanout, clients }) =>
      because(
        direction === 'down' && fanout === 'same' && clients > 10_000,
        `${clients} readers of the same events`,
      ),
    effect: ({ latencyMs }) => ({ exclude: ['websocket'], also: latencyMs >= 2000 ? ['poll'] : [] }),
  },
  {
    id: 'R27',
    title: 'one way needs no way back',
    grade: 'specified',
    source: 'HTML standard, 9.2: events down, with ids, over a plain GET',
    condition: 'down only, or down with a POST now and then',
    when: ({ direction, downRate, upRate }) =>
      because(direction === 'down', `${downRate}/s down, ${upRate}/s up`),
    effect: { points: { websocket: 1 } },
  },
  {
    id: 'R28',
    title: 'below the crossover a POST is as good as a frame',
    grade: 'assumed',
    source: 'cost of a POST and of a frame; see the crossover',
    condition: 'both ways, fewer requests up than the crossover',
    when: (facts, crossover) =>
      because(
        facts.direction === 'both' && facts.requestRate < crossover.perSecond,
        comparison(facts, crossover, 'below'),
      ),
    effect: {},
  },
  {
    id: 'R29',
    title: 'above the crossover every POST costs more than the socket',
    grade: 'assumed',
    source: 'cost of a POST and of a frame; see the crossover',
    condition: 'up, or both ways: more requests up than the crossover',
    when: (facts, crossover) =>
      because(
        facts.direction !== 'down' && facts.requestRate >= crossover.perSecond,
        comparison(facts, crossover, 'above'),
      ),
    effect: ({ direction }) => (direction === 'up' ? { points: { 'post-only': 4 } } : {}),
  },
  {
    id: 'R23',
    title: 'one connection for the page',
    grade: 'opinion',
    source: 'a second connection doubles handshakes, heartbeats and failures',
    condition: 'a connection is open already, or the page has several flows',
    when: ({ existing, flowsPerPage, direction }) => {
      if (direction === 'up') return undefined
      if (existing !== 'none') return `${existing} is open already`
      return because(flowsPerPage > 1, `${flowsPerPage} flows on the page`)
    },
    effect: ({ existing }) => ({ needs: ['one-connection'], points: reuse[existing] ?? {} }),
  },
  {
    id: 'R36',
    title: 'no SSE client on board',
    grade: 'reported',
    source: 'iOS, Android and React Native bring no EventSource',
    condition: 'a native app',
    when: ({ clientKind }) => because(clientKind === 'native' || clientKind === 'react-native', clientKind),
    effect: ({ clientKind }) => {
      const points = clientKind === 'react-native' ? 0.5 : 0.25
      return { points: { sse: points, 'sse+post': points } }
    },
  },
  {
    id: 'R37',
    title: 'what the team knows',
    grade: 'opinion',
    source: 'what nobody has run before is debugged in production',
    condition: 'said of the team',
    when: ({ team, given }) => because(given.has('team'), `WebSocket experience: ${team.websocket}`),
    effect: ({ team }) => ({ points: { websocket: { none: 1, some: 0, strong: -1.5 }[team.websocket] } }),
  },
  {
    id: 'R14',
    title: 'resume needs a log, whatever the transport',
    grade: 'specified',
    source: 'no transport repeats what a cut connection lost',
    condition: 'nothing may be lost',
    when: (facts) =>
      because(
        facts.delivery === 'resume' && facts.given.has('delivery') && isScreenOrServer(facts),
        'nothing may be lost',
      ),
    effect: { warning: 'Keep at least as much history as the longest absence.' },
  },
  {
    id: 'R6',
    title: 'EventSource sends no headers',
    grade: 'specified',
    source: 'HTML standard, 9.2: a GET, with cookies at most',
    condition: 'signed in by a header',
    when: ({ auth, direction }) => because(auth !== 'cookie' && direction !== 'up', `signed in by ${auth}`),
    effect: { warning: 'Read the stream by fetch (the client does), and open a WebSocket with a ticket.' },
  },
  {
    id: 'R11',
    title: 'nothing is faster than the path',
    grade: 'physics',
    source: 'half a round trip at least, and one more after a loss',
    condition: 'wanted sooner than two round trips (95th percentile), where the round trip is known',
    when: ({ latencyMs, rttP95Ms, given }) =>
      because(
        (given.has('rttMs') || given.has('rttP95Ms')) && latencyMs < 2 * rttP95Ms,
        `${latencyMs} ms wanted, round trip ${rttP95Ms} ms`,
      ),
    effect: {
      warning: 'No transport holds this for nineteen of twenty: move the server nearer, or ask for less.',
    },
  },
]

/** What is open costs nothing more; a WebSocket can take an SSE’s events along, and not the other way round. */
const reuse: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  websocket: { websocket: -3, sse: 2, 'sse+post': 2, 'long-poll': 2, poll: 2 },
  sse: { sse: -1, 'sse+post': -0.25, 'long-poll': 1, poll: 1 },
  'long-poll': { 'long-poll': -1, poll: 1 },
}

function isScreenOrServer(facts: Facts): boolean {
  return isScreen(facts) || facts.clientKind !== 'device'
}

function rateUp({ upRate, requestRate }: Facts): string {
  return requestRate < upRate ? `${upRate}/s up in ${round(requestRate)} requests/s` : `${upRate}/s up`
}

const limits = { cpu: 'server CPU', concurrency: 'requests at once', latency: 'latency' } as const

function comparison(facts: Facts, { perSecond, limit }: Crossover, side: 'below' | 'above'): string {
  return `${rateUp(facts)}, ${side} the crossover of ${round(perSecond)}/s (set by ${limits[limit]})`
}

function round(value: number): number {
  return Number(value.toPrecision(2))
}
