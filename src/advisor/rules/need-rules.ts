import type { Facts } from '../inputs.ts'
import { because, type Rule } from './rule.ts'

const minute = 60_000

/** What the flow is for: most of these answer at once. In order: the first that leaves one option decides. */
export const needRules: readonly Rule[] = [
  {
    id: 'R35',
    title: 'nothing flows',
    grade: 'physics',
    source: 'nothing to carry',
    condition: 'both rates are given as 0, and nothing is uploaded',
    when: ({ downRate, upRate, given, upload }) =>
      because(
        given.has('downRate') && downRate === 0 && upRate === 0 && !upload,
        'no event down and none up',
      ),
    effect: { only: ['none'] },
  },
  {
    id: 'R3',
    title: 'voice and video are media, not messages',
    grade: 'opinion',
    source: 'RFC 8825 (WebRTC): loss is better than delay there',
    condition: 'voice or video',
    when: ({ media }) => because(media !== 'none', media),
    effect: (facts) =>
      isBroadcast(facts)
        ? { only: ['none'], also: ['webrtc'], warning: 'A broadcast is served as HLS or DASH by a CDN.' }
        : { only: ['webrtc'], warning: 'Use Fairlead for the signalling alone.' },
  },
  {
    id: 'R2',
    title: 'only the system’s own push reaches what is closed',
    grade: 'specified',
    source: 'Push API; pages and apps are suspended when they are not seen',
    condition: 'must reach a closed page or app',
    when: ({ background }) => because(background, 'must reach a closed page or app'),
    effect: ({ direction, latencyMs }) =>
      direction === 'both' && latencyMs < 10_000
        ? { also: ['webpush'], warning: 'Web push for those who are away; this answer is for the open page.' }
        : {
            only: ['webpush'],
            warning: 'While the page is open, its events may come over the page’s connection.',
          },
  },
  {
    id: 'R34',
    title: 'a file goes by plain HTTP',
    grade: 'physics',
    source: 'a file on a shared connection holds up everything behind it',
    condition: 'an upload, or messages up of a megabyte',
    when: ({ upload, upBytes }) =>
      upload ? 'a file goes up' : because(upBytes >= 1_000_000, `${upBytes} B a message up`),
    effect: ({ direction, downRate }) => ({
      exclude: ['websocket'],
      ...(direction === 'up' && downRate === 0 ? { only: ['post-only'] as const } : {}),
      warning: 'Send the file by PUT or POST of its own; only its progress is a flow.',
    }),
  },
  {
    id: 'R24',
    title: 'what is sent as a page closes',
    grade: 'specified',
    source: 'Fetch standard: keepalive and sendBeacon, 64 KiB in all',
    condition: 'up only, at unload',
    when: ({ direction, upPattern }) =>
      because(direction === 'up' && upPattern === 'at-unload', 'sent as the page closes'),
    effect: { only: ['post-only'], warning: 'fetch with keepalive, or sendBeacon; 64 KiB at most.' },
  },
  {
    id: 'R7',
    title: 'another’s server is called, not kept on a line',
    grade: 'opinion',
    source: 'webhooks are retried from a queue and need no open connection',
    condition: 'the client is a server, one way, at most one event a second, 5 s late is fine',
    when: ({ clientKind, direction, downRate, latencyMs, order }) =>
      because(
        clientKind === 'server' &&
          direction === 'down' &&
          downRate <= 1 &&
          latencyMs >= 5000 &&
          order !== 'strict',
        `a server, ${downRate}/s, ${latencyMs} ms`,
      ),
    effect: { only: ['webhook'], also: ['sse'] },
  },
  {
    id: 'R17',
    title: 'a battery keeps no chatty connection',
    grade: 'opinion',
    source: 'each wake of the radio costs seconds of power',
    condition: 'always on, at most one message a minute, a device or an app',
    when: ({ lifetime, downRate, upRate, clientKind, battery }) =>
      because(
        (lifetime === 'always-on' || battery) &&
          downRate + upRate <= 1 / 60 &&
          ['device', 'native', 'react-native'].includes(clientKind),
        `always on, ${perMinute(downRate + upRate)}`,
      ),
    effect: ({ clientKind }) =>
      clientKind === 'device'
        ? { only: ['mqtt'], also: ['post-only'] }
        : { only: ['webpush'], also: ['mqtt'] },
  },
  {
    id: 'R1',
    title: 'what may be a minute old is asked for',
    grade: 'opinion',
    source: 'a GET with ETag costs a 304, and a CDN may answer it',
    condition: '60 s late is fine; or one event in 5 minutes, and 30 s late is fine',
    when: ({ latencyMs, downRate, requestRate, direction, existing }) =>
      because(
        direction !== 'up' &&
          existing === 'none' &&
          requestRate < 0.1 &&
          (latencyMs >= minute || (latencyMs >= minute / 2 && downRate <= 1 / 300)),
        `${latencyMs / 1000} s late is fine, ${perMinute(downRate)}`,
      ),
    effect: { only: ['poll'], also: ['none'] },
  },
  {
    id: 'R16',
    title: 'a response that streams is HTTP',
    grade: 'specified',
    source: 'Model Context Protocol, Streamable HTTP; answers of language models',
    condition: 'the answer to one request, streamed for seconds; or requests with notices between',
    when: ({ lifetime, direction, requestRate }, { perSecond }) =>
      because(
        direction !== 'up' && requestRate < perSecond && ['response', 'mixed'].includes(lifetime),
        lifetime === 'mixed' ? 'requests, and notices between' : 'the answer to one request',
      ),
    effect: ({ lifetime }) => ({
      ...(lifetime === 'mixed'
        ? { exclude: ['long-poll', 'poll'], points: { websocket: 1 } }
        : { only: ['sse', 'sse+post'], also: ['long-poll'] }),
      warning: 'Read it with fetch, so that the request may be a POST; let nothing in the path buffer it.',
    }),
  },
  {
    id: 'R15',
    title: 'one event is waited for, not subscribed to',
    grade: 'opinion',
    source: 'one request, one answer: nothing to resume and nothing to keep',
    condition: 'waits for one event, and no connection is open',
    when: ({ lifetime, existing }) =>
      because(lifetime === 'wait' && existing === 'none', 'one event, then done'),
    effect: { only: ['long-poll', 'sse'], exclude: ['websocket'], points: { sse: 3 } },
  },
]

function isBroadcast({ direction, fanout, latencyMs, clients }: Facts): boolean {
  return direction === 'down' && latencyMs >= 2000 && (fanout === 'same' || clients >= 1000)
}

function perMinute(rate: number): string {
  return rate === 0 ? 'no events' : `${Number((rate * 60).toPrecision(2))} a minute`
}
