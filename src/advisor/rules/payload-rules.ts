import type { Facts } from '../inputs.ts'
import { limitsOf } from '../products.ts'
import type { AdvisedTransport } from '../transports.ts'
import { because, isBrowser, type Rule } from './rule.ts'

const plainTwoWays: readonly AdvisedTransport[] = ['long-poll', 'poll']

/** What the bytes and their order ask for. */
export const payloadRules: readonly Rule[] = [
  {
    id: 'R4',
    title: 'binary up, all the time',
    grade: 'specified',
    source: 'RFC 6455: frames of bytes; a POST each would be 50 to 757 B of headers for each',
    condition: 'continuous binary, one message a second or more up',
    when: ({ binary, direction, upRate, upBytes }) =>
      because(
        binary === 'continuous' && direction !== 'down' && upRate >= 1,
        `${upRate}/s × ${upBytes} B binary up`,
      ),
    effect: ({ clientKind, delivery }) => ({
      only: ['websocket'],
      also: clientKind === 'device' ? ['mqtt'] : delivery === 'ephemeral' ? ['webrtc', 'webtransport'] : [],
      warning: 'Where a WebSocket cannot open: POSTs of 250 ms each.',
    }),
  },
  {
    id: 'R5',
    title: 'binary down, all the time',
    grade: 'measured',
    source: 'base64 in SSE: 33 % more bytes, and decoding',
    condition: 'continuous binary, more than one message a second and more than 10 kB/s down',
    when: ({ binary, downRate, downBytes }) =>
      because(
        binary === 'continuous' && downRate > 1 && downRate * downBytes > 10_000,
        `${Math.round((downRate * downBytes) / 1000)} kB/s binary down`,
      ),
    effect: { only: ['websocket'] },
  },
  {
    id: 'R10',
    title: 'fast both ways, and no time to wait',
    grade: 'measured',
    source: 'no time to batch: every message would be a request',
    condition: 'within 100 ms, ten messages a second and more each way',
    when: ({ latencyMs, downRate, upRate, direction }) =>
      because(
        direction === 'both' && latencyMs <= 100 && downRate >= 10 && upRate >= 10,
        `${downRate}/s down, ${upRate}/s up, ${latencyMs} ms`,
      ),
    effect: ({ delivery }) => ({
      only: ['websocket'],
      also: delivery === 'ephemeral' ? ['webtransport', 'webrtc'] : [],
      ...(delivery === 'ephemeral' && {
        warning: 'One lost packet holds up all behind it (TCP): send only the newest state.',
      }),
    }),
  },
  {
    id: 'R13',
    title: 'strict order both ways',
    grade: 'physics',
    source: 'POSTs on several sockets may overtake each other',
    condition: 'strict order, both ways, above the crossover',
    when: ({ order, direction, requestRate }, { perSecond }) =>
      because(
        order === 'strict' && direction === 'both' && requestRate >= perSecond,
        `strict order at ${requestRate}/s up`,
      ),
    effect: { only: ['websocket'] },
  },
  {
    id: 'R12',
    title: 'a long-poll answers once a round trip',
    grade: 'physics',
    source: 'an answer, then the next request: one round trip each',
    condition: 'more events a second than round trips',
    when: ({ downRate, rttP95Ms }) =>
      because(downRate > 1000 / rttP95Ms, `${downRate}/s down, round trip ${rttP95Ms} ms`),
    effect: { exclude: plainTwoWays },
  },
  {
    id: 'R32',
    title: 'a poll is late by its interval',
    grade: 'physics',
    source: 'half the interval late on average, a whole one at worst',
    condition:
      'later than 2 s is too late (5 s where both sides answer), or more goes up than a request now and then',
    when: ({ latencyMs, direction, requestRate }) =>
      because(
        direction !== 'up' && (latencyMs < (direction === 'both' ? 5000 : 2000) || requestRate > 0.1),
        requestRate > 0.1 ? `${requestRate}/s up` : `within ${latencyMs} ms`,
      ),
    effect: { exclude: ['poll'] },
  },
  {
    id: 'R21',
    title: 'large messages',
    grade: 'specified',
    source: 'limits of products in the path (32 KB a frame, 128 KB a message)',
    condition: 'more than 64 KB in one message, or than a product passes',
    when: ({ downBytes, upBytes, products }) => {
      const limit = Math.min(65_536, ...products.map((name) => limitsOf(name)?.maxMessage ?? 65_536))
      const most = Math.max(downBytes, upBytes)
      return because(most > limit, `${most} B in one message, ${limit} B pass`)
    },
    effect: { warning: 'Send where the data is to be had, not the data.' },
  },
  {
    id: 'R30',
    title: 'more than an eye can follow',
    grade: 'physics',
    source: 'a screen draws 60 times a second, and people read less',
    condition: 'several events may be sent as one, or more than 30 a second to a screen',
    when: (facts) =>
      because(
        facts.coalesce || (isShown(facts) && facts.downRate > 30),
        `${facts.downRate}/s down${facts.coalesce ? ', the newest will do' : ''}`,
      ),
    effect: {
      needs: ['coalescing'],
      warning: 'Send 4 to 10 times a second, the newest of each (tag the events, slow: latest).',
    },
  },
]

function isShown(facts: Facts): boolean {
  return isBrowser(facts) && facts.lifetime !== 'response' && facts.binary !== 'continuous'
}
