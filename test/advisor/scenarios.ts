import type { AdvisedTransport, Inputs, Need } from '../../src/advisor/index.ts'

/** A flow with what somebody who has built such things would answer. */
export interface LabelledFlow {
  readonly title: string
  readonly inputs: Inputs
  readonly primary: AdvisedTransport
  /** Right as well. */
  readonly accept?: readonly AdvisedTransport[]
  readonly needs?: readonly Need[]
  /** Rules that must be among the reasons. */
  readonly rules: readonly string[]
}

function down(rate: number, bytes: number, latencyMs: number, more: Inputs = {}): Inputs {
  return { direction: 'down', downRate: rate, downBytes: bytes, upRate: 0, latencyMs, ...more }
}

function up(rate: number, bytes: number, latencyMs: number, more: Inputs = {}): Inputs {
  return { direction: 'up', downRate: 0, upRate: rate, upBytes: bytes, latencyMs, ...more }
}

function both(downRate: number, upRate: number, latencyMs: number, more: Inputs = {}): Inputs {
  return { direction: 'both', downRate, downBytes: 200, upRate, upBytes: 120, latencyMs, ...more }
}

/** Our own flows: each rule holds in two of them at least. */
export const labelledFlows: readonly LabelledFlow[] = [
  {
    title: 'departure board in a station',
    inputs: down(0.3, 400, 3000, { http: 'h2' }),
    primary: 'sse',
    accept: ['long-poll'],
    rules: ['R27'],
  },
  {
    title: 'build log of a running job',
    inputs: down(12, 150, 1500, { delivery: 'resume', http: 'h2' }),
    primary: 'sse',
    rules: ['R27', 'R12', 'R14'],
  },
  {
    title: 'exchange rates, once an hour',
    inputs: down(0.0003, 900, 600_000),
    primary: 'poll',
    accept: ['none'],
    rules: ['R1'],
  },
  {
    title: 'menu of the canteen, changed twice a day',
    inputs: down(0.00002, 3000, 3_600_000),
    primary: 'poll',
    accept: ['none'],
    rules: ['R1'],
  },
  { title: 'imprint page', inputs: down(0, 0, 60_000), primary: 'none', rules: ['R35'] },
  {
    title: 'archive of last year',
    inputs: { direction: 'both', downRate: 0, upRate: 0, latencyMs: 5000 },
    primary: 'none',
    rules: ['R35'],
  },
  {
    title: 'parcel arrived, app closed',
    inputs: down(0.0001, 100, 120_000, { background: true, clientKind: 'native' }),
    primary: 'webpush',
    rules: ['R2'],
  },
  {
    title: 'reminder an hour before a meeting, browser closed',
    inputs: down(0.0002, 90, 60_000, { background: true }),
    primary: 'webpush',
    rules: ['R2'],
  },
  {
    title: 'team chat that also reaches those away',
    inputs: both(0.4, 0.1, 800, { background: true, http: 'h2' }),
    primary: 'sse+post',
    accept: ['websocket'],
    rules: ['R2', 'R28'],
  },
  { title: 'video call', inputs: both(30, 30, 150, { media: 'video' }), primary: 'webrtc', rules: ['R3'] },
  { title: 'walkie-talkie', inputs: both(25, 25, 200, { media: 'voice' }), primary: 'webrtc', rules: ['R3'] },
  {
    title: 'stream of a concert to 80,000',
    inputs: down(30, 4000, 8000, { media: 'video', fanout: 'same', clients: 80_000 }),
    primary: 'none',
    accept: ['webrtc'],
    rules: ['R3'],
  },
  {
    title: 'photos from a phone, with progress',
    inputs: { ...both(2, 1, 1000), upload: true },
    primary: 'sse',
    accept: ['long-poll', 'poll'],
    rules: ['R34'],
  },
  {
    title: 'backup of a disk image',
    inputs: up(0.001, 50_000_000, 60_000),
    primary: 'post-only',
    rules: ['R34'],
  },
  {
    title: 'time on page, sent at the end',
    inputs: up(0.001, 400, 60_000, { upPattern: 'at-unload' }),
    primary: 'post-only',
    rules: ['R24'],
  },
  {
    title: 'unsaved draft, saved as the tab closes',
    inputs: up(0.0005, 9000, 10_000, { upPattern: 'at-unload' }),
    primary: 'post-only',
    rules: ['R24'],
  },
  { title: 'like button', inputs: up(0.01, 40, 1000), primary: 'post-only', rules: ['R25'] },
  { title: 'errors of pages, gathered', inputs: up(5, 300, 10_000), primary: 'post-only', rules: ['R25'] },
  {
    title: 'invoice paid, to the shop of a customer',
    inputs: down(0.02, 600, 30_000, { clientKind: 'server' }),
    primary: 'webhook',
    rules: ['R7'],
  },
  {
    title: 'new commit, to another company’s builder',
    inputs: down(0.1, 2000, 10_000, { clientKind: 'server' }),
    primary: 'webhook',
    rules: ['R7'],
  },
  {
    title: 'door lock on a coin cell',
    inputs: { ...both(0.001, 0.002, 3000), clientKind: 'device', lifetime: 'always-on' },
    primary: 'mqtt',
    rules: ['R17'],
  },
  {
    title: 'mail hint in an app, all day',
    inputs: down(0.005, 80, 20_000, { clientKind: 'native', lifetime: 'always-on' }),
    primary: 'webpush',
    rules: ['R17'],
  },
  {
    title: 'answer of a language model',
    inputs: down(35, 20, 300, { lifetime: 'response', auth: 'bearer' }),
    primary: 'sse',
    rules: ['R16', 'R6'],
  },
  {
    title: 'export with a progress bar',
    inputs: down(2, 60, 1000, { lifetime: 'response' }),
    primary: 'sse',
    rules: ['R16'],
  },
  {
    title: 'sign-in confirmed on the phone',
    inputs: down(0.02, 100, 2000, { lifetime: 'wait' }),
    primary: 'long-poll',
    accept: ['sse'],
    rules: ['R15'],
  },
  {
    title: 'payment terminal is done',
    inputs: down(0.01, 200, 3000, { lifetime: 'wait', http: 'h2' }),
    primary: 'long-poll',
    accept: ['sse'],
    rules: ['R15'],
  },
  {
    title: 'microphone to a recogniser',
    inputs: { ...both(1, 25, 400), binary: 'continuous', upBytes: 800 },
    primary: 'websocket',
    rules: ['R4'],
  },
  {
    title: 'vibration of a turbine',
    inputs: up(200, 96, 1000, { clientKind: 'device', binary: 'continuous' }),
    primary: 'websocket',
    accept: ['mqtt'],
    rules: ['R4'],
  },
  {
    title: 'radar picture',
    inputs: down(10, 6000, 500, { binary: 'continuous' }),
    primary: 'websocket',
    rules: ['R5'],
  },
  {
    title: 'remote screen of a kiosk',
    inputs: { ...both(15, 3, 300), binary: 'continuous', downBytes: 9000 },
    primary: 'websocket',
    rules: ['R5'],
  },
  {
    title: 'shared whiteboard, pen strokes',
    inputs: { ...both(40, 25, 90), delivery: 'ephemeral' },
    primary: 'websocket',
    accept: ['webtransport'],
    rules: ['R10', 'R29'],
  },
  {
    title: 'racing game',
    inputs: { ...both(30, 30, 60), delivery: 'ephemeral', rttMs: 50 },
    primary: 'websocket',
    accept: ['webtransport', 'webrtc'],
    rules: ['R10', 'R11'],
  },
  {
    title: 'remote shell',
    inputs: { ...both(20, 6, 100), order: 'strict', http: 'h2' },
    primary: 'websocket',
    rules: ['R13', 'R29'],
  },
  {
    title: 'robot arm over the office network',
    inputs: { ...both(5, 10, 120), order: 'strict', network: 'datacentre' },
    primary: 'websocket',
    rules: ['R13'],
  },
  {
    title: 'chess',
    inputs: both(0.1, 0.05, 700, { http: 'h2', tabs: 1 }),
    primary: 'sse+post',
    accept: ['websocket'],
    rules: ['R28'],
  },
  {
    title: 'support chat where the page has a socket',
    inputs: both(0.2, 0.1, 700, { existing: 'websocket' }),
    primary: 'websocket',
    needs: ['one-connection'],
    rules: ['R23'],
  },
  {
    title: 'bell of a page that has a socket',
    inputs: down(0.02, 100, 3000, { existing: 'websocket' }),
    primary: 'websocket',
    needs: ['one-connection'],
    rules: ['R23', 'R27'],
  },
  {
    title: 'comments over HTTP/1.1, eight tabs',
    inputs: both(0.2, 0.05, 800, { http: 'h1', tabs: 8 }),
    primary: 'websocket',
    accept: ['sse+post'],
    needs: ['one-connection'],
    rules: ['R8'],
  },
  {
    title: 'wall of gauges',
    inputs: down(80, 50, 1000, { flowsPerPage: 30, http: 'h1' }),
    primary: 'sse',
    accept: ['websocket'],
    needs: ['one-connection', 'coalescing'],
    rules: ['R8', 'R30'],
  },
  {
    title: 'positions of a fleet',
    inputs: down(15, 70, 1000, { coalesce: true, http: 'h2' }),
    primary: 'sse',
    accept: ['websocket'],
    needs: ['coalescing'],
    rules: ['R30'],
  },
  {
    title: 'election night',
    inputs: down(0.2, 3000, 4000, { fanout: 'same', clients: 500_000 }),
    primary: 'sse',
    accept: ['poll'],
    needs: ['fallback'],
    rules: ['R22', 'R9'],
  },
  {
    title: 'score of the final',
    inputs: down(0.02, 120, 3000, { fanout: 'same', clients: 60_000 }),
    primary: 'sse',
    accept: ['poll', 'long-poll'],
    rules: ['R22'],
  },
  {
    title: 'case list of an insurer, inspected network',
    inputs: down(0.1, 300, 4000, { network: 'corporate', http: 'h2' }),
    primary: 'sse',
    accept: ['long-poll', 'sse+post'],
    needs: ['fallback'],
    rules: ['R9'],
  },
  {
    title: 'the same, where streams were seen to be held',
    inputs: down(0.1, 300, 4000, {
      network: 'corporate',
      failures: { sse: 1, websocket: 1, 'long-poll': 0 },
    }),
    primary: 'long-poll',
    needs: ['fallback'],
    rules: ['R26'],
  },
  {
    title: 'chat, sockets fail for a third',
    inputs: both(0.5, 0.2, 800, { failures: { websocket: 0.33, sse: 0.01, 'long-poll': 0 } }),
    primary: 'sse+post',
    needs: ['fallback'],
    rules: ['R26'],
  },
  {
    title: 'order status on functions',
    inputs: down(0.005, 200, 8000, { serverlessMaxSeconds: 15 }),
    primary: 'poll',
    accept: ['long-poll'],
    rules: ['R18'],
  },
  {
    title: 'queue position on functions',
    inputs: down(0.1, 60, 1500, { serverlessMaxSeconds: 26 }),
    primary: 'long-poll',
    rules: ['R18', 'R32'],
  },
  {
    title: 'news behind a product without streams',
    inputs: down(0.1, 300, 1500, { products: ['Azure Front Door'] }),
    primary: 'websocket',
    accept: ['long-poll'],
    rules: ['R19'],
  },
  {
    title: 'news behind a gateway with neither',
    inputs: down(0.1, 300, 1500, { products: ['api-gateway-http'] }),
    primary: 'long-poll',
    rules: ['R19', 'R20'],
  },
  {
    title: 'votes behind a proxy that takes the upgrade away',
    inputs: both(2, 4, 900, { websocketBlocked: true }),
    primary: 'sse+post',
    rules: ['R20'],
  },
  {
    title: 'timetable for very old browsers',
    inputs: down(0.05, 300, 5000, { clientKind: 'old-browser' }),
    primary: 'long-poll',
    needs: ['fallback'],
    rules: ['R33'],
  },
  {
    title: 'tender portal, a tenth with old browsers',
    inputs: down(0.05, 300, 5000, { oldBrowserShare: 0.1 }),
    primary: 'sse',
    accept: ['long-poll'],
    needs: ['fallback'],
    rules: ['R33'],
  },
  {
    title: 'trip in an app',
    inputs: both(1, 0.02, 1500, { clientKind: 'native', network: 'mobile', delivery: 'resume' }),
    primary: 'sse+post',
    accept: ['websocket'],
    needs: ['fallback'],
    rules: ['R36', 'R14'],
  },
  {
    title: 'scores in React Native',
    inputs: down(0.5, 120, 1500, { clientKind: 'react-native' }),
    primary: 'sse',
    accept: ['websocket', 'long-poll'],
    rules: ['R36'],
  },
  {
    title: 'chat of a team that knows sockets well',
    inputs: both(0.5, 0.3, 800, { team: { websocket: 'strong' } }),
    primary: 'websocket',
    accept: ['sse+post'],
    rules: ['R37'],
  },
  {
    title: 'quiz of a team that has run none',
    inputs: both(0.5, 0.3, 800, { team: { websocket: 'none' } }),
    primary: 'sse+post',
    rules: ['R37'],
  },
  {
    title: 'maps as one message',
    inputs: down(0.01, 300_000, 2000),
    primary: 'sse',
    accept: ['long-poll'],
    rules: ['R21'],
  },
  {
    title: 'sheets through a gateway of 32 KB frames',
    inputs: { ...both(0.1, 0.05, 900), downBytes: 50_000, products: ['API Gateway WebSocket'] },
    primary: 'websocket',
    rules: ['R21', 'R19'],
  },
  {
    title: 'orders to traders far away',
    inputs: { ...both(3, 0.5, 100), rttMs: 120, auth: 'bearer' },
    primary: 'sse+post',
    accept: ['websocket'],
    rules: ['R11', 'R6'],
  },
]
