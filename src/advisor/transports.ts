/** Every answer the advisor can give, ours and others': `none` is "no transport at all, a page load is enough". */
export const transportNames = [
  'sse',
  'sse+post',
  'websocket',
  'long-poll',
  'poll',
  'post-only',
  'webpush',
  'webhook',
  'webrtc',
  'webtransport',
  'mqtt',
  'none',
] as const

/** One answer of the advisor. */
export type AdvisedTransport = (typeof transportNames)[number]

/** What must go with an answer: the next best transport ready, one connection for all, fewer and larger events. */
export const needNames = ['fallback', 'one-connection', 'coalescing'] as const

/** One of `needNames`. */
export type Need = (typeof needNames)[number]

/** What is said of a transport wherever it is named. */
export interface TransportFacts {
  readonly title: string
  /** Whether Fairlead serves it; else the advice is to use something else. */
  readonly ours: boolean
  /** How much there is to build and to run, in points: the tie-break between options that cost the same. */
  readonly points: number
}

/** The transports, with their points: a stream that only comes down is the simplest, two ways in one socket the most. */
export const transports: Readonly<Record<AdvisedTransport, TransportFacts>> = {
  sse: { title: 'SSE', ours: true, points: 1 },
  'sse+post': { title: 'SSE + POST', ours: true, points: 2 },
  websocket: { title: 'WebSocket', ours: true, points: 3 },
  'long-poll': { title: 'long-poll', ours: true, points: 2.5 },
  poll: { title: 'a GET now and then', ours: false, points: 1.5 },
  'post-only': { title: 'plain POST', ours: true, points: 0 },
  webpush: { title: 'web push (APNs, FCM in an app)', ours: false, points: 2 },
  webhook: { title: 'webhook', ours: false, points: 2 },
  webrtc: { title: 'WebRTC', ours: false, points: 5 },
  webtransport: { title: 'WebTransport', ours: false, points: 5 },
  mqtt: { title: 'MQTT', ours: false, points: 3 },
  none: { title: 'none: a page load is enough', ours: false, points: 0 },
}

/** Whether a word is a transport's name. */
export function isTransport(word: unknown): word is AdvisedTransport {
  return transportNames.some((name) => name === word)
}
