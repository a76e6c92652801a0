import type { SubjectName, Transport } from './subjects.ts'

/** Who takes part in a row, and how. The first of a row is ours. */
export interface Contestant {
  readonly subject: SubjectName
  readonly transport: Transport
  /** In place of the subject's own title. */
  readonly title?: string
  /** Events are compressed, for readers that take it. */
  readonly compress?: boolean
  /** What the ratio ours / this one is to reach; without it the ratio is only shown. */
  readonly aim?: Aim
}

/** What a ratio is to reach. */
export type Aim = { readonly atMost: number } | { readonly atLeast: number }

interface RowHead {
  /** What `--rows` takes. */
  readonly name: string
  readonly title: string
  readonly contestants: readonly [ours: Contestant, ...peers: Contestant[]]
}

/** Events go out to subscribers; the figure is server CPU per delivered event, in µs. */
export interface FanOutRow extends RowHead {
  readonly kind: 'fan-out'
  readonly subscribers: number
  /** Subscribers share the channels out in turn, and each tick publishes to all of them. */
  readonly channels: number
  readonly perTick: number
  readonly ticksPerSecond: number
  /** Bytes of a payload. */
  readonly size: number
}

/** Connections that wait; the figure is the server's resident memory per connection, in bytes. */
export interface IdleRow extends RowHead {
  readonly kind: 'idle'
  readonly connections: number
}

/** Connections that open; the figure is connections per second of server CPU. */
export interface OpenRow extends RowHead {
  readonly kind: 'open'
  readonly connections: number
  /** On the channel's own URL, or by a first message that is answered. */
  readonly by: 'url' | 'subscribe'
}

/** Readers that come back at once; the figure is server CPU per reader, in µs. Its second contestant missed nothing. */
export interface ResumeRow extends RowHead {
  readonly kind: 'resume'
  readonly readers: number
  readonly missed: number
}

/** Sends that are answered, 64 on their way; the figure is answers per second of server CPU. */
export interface SendRow extends RowHead {
  readonly kind: 'send'
  readonly over: 'websocket' | 'http'
  readonly sends: number
}

/** One line of the table of results. */
export type Row = FanOutRow | IdleRow | OpenRow | ResumeRow | SendRow

const atMost = (ratio: number): { aim: Aim } => ({ aim: { atMost: ratio } })
const atLeast = (ratio: number): { aim: Aim } => ({ aim: { atLeast: ratio } })

const ours = (transport: Transport): Contestant => ({ subject: 'fairlead', transport })
const floor: Contestant = { subject: 'floor', transport: 'websocket' }
const ws: Contestant = { subject: 'ws', transport: 'websocket' }
const http: Contestant = { subject: 'http', transport: 'sse' }
/** 1.0 with a native write loop, 1.2 without one: what is here now. */
const uws: Contestant = { subject: 'uwebsockets', transport: 'websocket', ...atMost(1.2) }
/** Its memory is shown and has no aim: it keeps neither request nor history. */
const idleUws: Contestant = { subject: 'uwebsockets', transport: 'websocket' }
const socketIo: Contestant = { subject: 'socket.io', transport: 'websocket', ...atMost(0.5) }
const nchan = (transport: Transport): Contestant => ({ subject: 'nchan', transport, ...atMost(0.5) })
const centrifugo: Contestant = { subject: 'centrifugo', transport: 'websocket', ...atMost(0.5) }

type FanOut = Omit<FanOutRow, 'kind' | 'title' | 'name' | 'contestants'>

function fanOut(
  name: string,
  title: string,
  load: Partial<FanOut>,
  contestants: Row['contestants'],
): FanOutRow {
  const usual = { subscribers: 1000, channels: 1, perTick: 1, ticksPerSecond: 50, size: 100 }
  return { kind: 'fan-out', name, title, ...usual, ...load, contestants }
}

const five = { perTick: 5, ticksPerSecond: 20 }
const fifty = { perTick: 50, ticksPerSecond: 2 }
const big = { size: 10_000, ticksPerSecond: 10 }
const zip = { size: 1000, ticksPerSecond: 20 }
const zipped = (one: Contestant): Contestant => ({ ...one, compress: true })
const fewer = { subscribers: 100, ticksPerSecond: 100 }

/** Every row that can be asked for, in the order of the report. */
export const rows: readonly Row[] = [
  fanOut('fanout-1000-ws', '1 → 1,000, 100 B, one at a time, WebSocket', {}, [
    ours('websocket'),
    floor,
    uws,
    ws,
    socketIo,
    nchan('websocket'),
    centrifugo,
  ]),
  fanOut('fanout-1000-sse', '1 → 1,000, 100 B, one at a time, SSE', {}, [
    ours('sse'),
    floor,
    uws,
    http,
    nchan('sse'),
  ]),
  fanOut(
    'fanout-5000-ws',
    '1 → 5,000, 100 B, ten a second, WebSocket',
    { subscribers: 5000, ticksPerSecond: 10 },
    [ours('websocket'), floor, uws, ws],
  ),
  fanOut(
    'fanout-5000-sse',
    '1 → 5,000, 100 B, ten a second, SSE',
    { subscribers: 5000, ticksPerSecond: 10 },
    [ours('sse'), floor, uws, http],
  ),
  fanOut('five-1000-ws', '1 → 1,000, 100 B, five a tick, WebSocket', five, [
    ours('websocket'),
    floor,
    uws,
    ws,
    socketIo,
    nchan('websocket'),
    centrifugo,
  ]),
  fanOut('five-1000-sse', '1 → 1,000, 100 B, five a tick, SSE', five, [ours('sse'), floor, uws, http]),
  fanOut('fifty-1000-ws', '1 → 1,000, 100 B, fifty a tick, WebSocket', fifty, [
    ours('websocket'),
    floor,
    uws,
    ws,
  ]),
  fanOut('fifty-1000-sse', '1 → 1,000, 100 B, fifty a tick, SSE', fifty, [ours('sse'), floor, uws, http]),
  fanOut(
    'channels-1000x5-ws',
    '1,000 channels × 5 subscribers, 100 B, WebSocket',
    { subscribers: 5000, channels: 1000, ticksPerSecond: 10 },
    [ours('websocket'), floor, uws, ws, socketIo],
  ),
  fanOut('payload-10k-ws', '1 → 1,000, 10 KB, WebSocket', big, [
    ours('websocket'),
    floor,
    { ...uws, ...atMost(1) },
    ws,
  ]),
  fanOut('payload-10k-sse', '1 → 1,000, 10 KB, SSE', big, [
    ours('sse'),
    floor,
    { ...uws, ...atMost(1) },
    http,
  ]),
  fanOut('compressed-1k-ws', '1 → 1,000, 1 KB compressed, WebSocket', zip, [
    zipped(ours('websocket')),
    zipped({ ...uws, ...atMost(1) }),
    zipped(ws),
  ]),
  fanOut('compressed-1k-100-ws', '1 → 100, 1 KB compressed, WebSocket', { ...zip, ...fewer }, [
    zipped(ours('websocket')),
    zipped({ ...uws, ...atMost(1) }),
    { ...ours('websocket'), title: 'Fairlead, not compressed' },
  ]),
  fanOut('compressed-1k-sse', '1 → 1,000, 1 KB compressed, SSE', zip, [
    zipped(ours('sse')),
    { ...ours('sse'), title: 'Fairlead, not compressed' },
  ]),
  fanOut('growth-100-ws', '1 → 100, 100 B, WebSocket', { subscribers: 100, ticksPerSecond: 200 }, [
    ours('websocket'),
    floor,
  ]),
  fanOut('growth-10000-ws', '1 → 10,000, 100 B, WebSocket', { subscribers: 10_000, ticksPerSecond: 5 }, [
    ours('websocket'),
    floor,
  ]),
  {
    kind: 'idle',
    name: 'idle-ws',
    title: 'Memory of one idle connection of 10,000, WebSocket',
    connections: 10_000,
    contestants: [
      ours('websocket'),
      idleUws,
      ws,
      { ...socketIo, ...atMost(1) },
      { ...centrifugo, ...atMost(1) },
    ],
  },
  {
    kind: 'idle',
    name: 'idle-sse',
    title: 'Memory of one idle connection of 10,000, SSE',
    connections: 10_000,
    contestants: [ours('sse'), { ...http, ...atMost(1) }],
  },
  {
    kind: 'open',
    name: 'open-ws',
    title: "Connections opened on a channel's own URL, WebSocket",
    connections: 3000,
    by: 'url',
    contestants: [ours('websocket'), { ...ws, ...atLeast(0.9) }],
  },
  {
    kind: 'open',
    name: 'open-subscribe',
    title: 'Connections opened and subscribed by a message',
    connections: 3000,
    by: 'subscribe',
    contestants: [ours('websocket'), { ...ws, ...atLeast(0.9) }],
  },
  {
    kind: 'open',
    name: 'open-sse',
    title: 'Connections opened, SSE',
    connections: 3000,
    by: 'url',
    contestants: [ours('sse'), http],
  },
  {
    kind: 'resume',
    name: 'reconnect-ws',
    title: '5,000 readers come back with 100 events missed, WebSocket',
    readers: 5000,
    missed: 100,
    contestants: [ours('websocket'), { ...ours('websocket'), title: 'a plain open', ...atMost(2) }],
  },
  {
    kind: 'resume',
    name: 'reconnect-sse',
    title: '5,000 readers come back with 100 events missed, SSE',
    readers: 5000,
    missed: 100,
    contestants: [ours('sse'), { ...ours('sse'), title: 'a plain open', ...atMost(2) }],
  },
  {
    kind: 'send',
    name: 'send-ws',
    title: 'Send with answer, 64 on their way over one WebSocket',
    over: 'websocket',
    sends: 20_000,
    contestants: [ours('websocket'), { ...socketIo, ...atLeast(2) }],
  },
  {
    kind: 'send',
    name: 'send-http',
    title: 'Send with answer, 64 on their way, HTTP keep-alive',
    over: 'http',
    sends: 20_000,
    contestants: [ours('sse'), { ...http, ...atLeast(0.7) }],
  },
]

/** What a row's figure is, for tables, charts and progress. */
export function unitOf({ kind }: Row): { readonly unit: string; readonly better: 'less' | 'more' } {
  switch (kind) {
    case 'fan-out':
      return { unit: 'µs of server CPU per delivered event', better: 'less' }
    case 'idle':
      return { unit: 'bytes of server memory per connection', better: 'less' }
    case 'open':
      return { unit: 'connections per second of server CPU', better: 'more' }
    case 'resume':
      return { unit: 'µs of server CPU per reader', better: 'less' }
    case 'send':
      return { unit: 'answers per second of server CPU', better: 'more' }
  }
}
