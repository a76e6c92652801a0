import type { Aim, Contestant, FanOutRow, Load, Row } from './row.ts'
import type { Transport } from './subjects.ts'

const atMost = (ratio: number): { aim: Aim } => ({ aim: { atMost: ratio } })
const atLeast = (ratio: number): { aim: Aim } => ({ aim: { atLeast: ratio } })

const ours = (transport: Transport): Contestant => ({ subject: 'fairlead', transport })
const floor: Contestant = { subject: 'floor', transport: 'websocket' }
const ws: Contestant = { subject: 'ws', transport: 'websocket' }
const http: Contestant = { subject: 'http', transport: 'sse' }
const uws: Contestant = { subject: 'uwebsockets', transport: 'websocket', ...atMost(1) }
/** The same events without the optional package: it may cost 1.2 of what uWebSockets.js takes. */
const plain = (transport: Transport): Contestant => ({
  ...ours(transport),
  title: 'Fairlead without its native loop',
  native: false,
  against: 'uwebsockets',
  ...atMost(1.2),
})
const socketIo: Contestant = { subject: 'socket.io', transport: 'websocket', ...atMost(0.5) }
const nchan = (transport: Transport): Contestant => ({ subject: 'nchan', transport, ...atMost(0.5) })
const centrifugo: Contestant = { subject: 'centrifugo', transport: 'websocket', ...atMost(0.5) }

/** A figure that is only shown. */
const shown = ({ subject, transport }: Contestant): Contestant => ({ subject, transport })
const beside = (against: string): Pick<Contestant, 'against' | 'aim'> => ({ against, ...atMost(1.5) })

function fanOut(
  name: string,
  title: string,
  { figure = 'cpu', ...load }: Partial<Load & Pick<FanOutRow, 'figure'>>,
  contestants: Row['contestants'],
): FanOutRow {
  const usual = {
    subscribers: 1000,
    channels: 1,
    inTurn: false,
    existing: 0,
    warming: 0,
    perTick: 1,
    ticksPerSecond: 50,
    size: 100,
  }
  return { kind: 'fan-out', name, title, figure, load: { ...usual, ...load }, contestants }
}

const five = { perTick: 5, ticksPerSecond: 20 }
const fifty = { perTick: 50, ticksPerSecond: 2 }
const big = { size: 10_000, ticksPerSecond: 10 }
const zip = { size: 1000, ticksPerSecond: 20 }
const zipped = (one: Contestant): Contestant => ({ ...one, compress: true })
const many = { subscribers: 5000, ticksPerSecond: 10 }
const fewer = { subscribers: 100, ticksPerSecond: 100 }

/** Every row that can be asked for, in the order of the report. */
export const rows: readonly Row[] = [
  fanOut('fanout-1000-ws', '1 → 1,000, 100 B, one at a time, WebSocket', {}, [
    ours('websocket'),
    plain('websocket'),
    floor,
    uws,
    ws,
    socketIo,
    nchan('websocket'),
    centrifugo,
  ]),
  fanOut('fanout-1000-sse', '1 → 1,000, 100 B, one at a time, SSE', {}, [
    ours('sse'),
    plain('sse'),
    floor,
    uws,
    http,
    nchan('sse'),
  ]),
  fanOut('fanout-5000-ws', '1 → 5,000, 100 B, ten a second, WebSocket', many, [
    ours('websocket'),
    plain('websocket'),
    floor,
    uws,
    ws,
  ]),
  fanOut('fanout-5000-sse', '1 → 5,000, 100 B, ten a second, SSE', many, [
    ours('sse'),
    plain('sse'),
    floor,
    uws,
    http,
  ]),
  fanOut('five-1000-ws', '1 → 1,000, 100 B, five a tick, WebSocket', five, [
    ours('websocket'),
    plain('websocket'),
    floor,
    uws,
    ws,
    socketIo,
    nchan('websocket'),
    centrifugo,
  ]),
  fanOut('five-1000-sse', '1 → 1,000, 100 B, five a tick, SSE', five, [
    ours('sse'),
    plain('sse'),
    floor,
    uws,
    http,
  ]),
  fanOut('fifty-1000-ws', '1 → 1,000, 100 B, fifty a tick, WebSocket', fifty, [
    ours('websocket'),
    plain('websocket'),
    floor,
    uws,
    ws,
  ]),
  fanOut('fifty-1000-sse', '1 → 1,000, 100 B, fifty a tick, SSE', fifty, [
    ours('sse'),
    plain('sse'),
    floor,
    uws,
    http,
  ]),
  fanOut(
    'channels-1000x5-ws',
    '1,000 channels × 5 subscribers, 100 B, WebSocket',
    { ...many, channels: 1000 },
    [ours('websocket'), plain('websocket'), floor, { ...uws, ...atMost(1.2) }, ws, socketIo],
  ),
  fanOut('payload-10k-ws', '1 → 1,000, 10 KB, WebSocket', big, [
    ours('websocket'),
    plain('websocket'),
    floor,
    uws,
    ws,
  ]),
  fanOut('payload-10k-sse', '1 → 1,000, 10 KB, SSE', big, [ours('sse'), plain('sse'), floor, uws, http]),
  fanOut('compressed-1k-ws', '1 → 1,000, 1 KB compressed, WebSocket', zip, [
    zipped(ours('websocket')),
    zipped(uws),
    zipped(ws),
  ]),
  fanOut('compressed-1k-100-ws', '1 → 100, 1 KB compressed, WebSocket', { ...zip, ...fewer }, [
    zipped(ours('websocket')),
    zipped(uws),
    { ...ours('websocket'), title: 'Fairlead, not compressed' },
  ]),
  fanOut('compressed-1k-sse', '1 → 1,000, 1 KB compressed, SSE', zip, [
    zipped(ours('sse')),
    { ...ours('sse'), title: 'Fairlead, not compressed' },
  ]),
  fanOut(
    'latency-ws',
    'Delay at 50,000 deliveries a second (1,000 subscribers), WebSocket',
    { figure: 'p99' },
    [ours('websocket'), floor, { ...uws, ...atMost(1.2) }, ws],
  ),
  fanOut(
    'auction-ws',
    'The auction: 5,000 subscribers of one channel, ten events a second, WebSocket',
    { ...many, figure: 'last' },
    [{ ...ours('websocket'), ...atMost(100) }, floor, shown(uws)],
  ),
  fanOut(
    'auction-sse',
    'The auction: 5,000 subscribers of one channel, ten events a second, SSE',
    { ...many, figure: 'last' },
    [{ ...ours('sse'), ...atMost(100) }, http],
  ),
  fanOut('growth-100-ws', '1 → 100, 100 B, WebSocket', { subscribers: 100, ticksPerSecond: 500 }, [
    ours('websocket'),
    floor,
    shown(uws),
    ws,
  ]),
  fanOut('growth-10000-ws', '1 → 10,000, 100 B, WebSocket', { subscribers: 10_000, ticksPerSecond: 5 }, [
    ours('websocket'),
    floor,
    shown(uws),
    ws,
  ]),
  fanOut(
    'growth-channels-ws',
    'An event to one subscriber, among 1, 1,000 and 100,000 channels, WebSocket',
    // Of 60 bytes, so that the log's default room holds 100,000 events of as many channels.
    { inTurn: true, ticksPerSecond: 500, size: 60 },
    [
      { ...ours('websocket'), title: '1 channel', load: { subscribers: 1, existing: 1 } },
      {
        ...ours('websocket'),
        title: '1,000 channels',
        load: { channels: 1000, existing: 1000 },
        ...beside('1 channel'),
      },
      {
        ...ours('websocket'),
        title: '100,000 channels',
        load: { channels: 1000, existing: 100_000 },
        ...beside('1 channel'),
      },
    ],
  ),
  fanOut('workers-ws', 'Two workers, one log: 1 → 1,000, 100 B, WebSocket', { warming: 3000 }, [
    { ...ours('websocket'), title: 'Fairlead, two workers', workers: 2 },
    { ...ours('websocket'), title: 'Fairlead, one process', ...atMost(1.15) },
  ]),
  {
    kind: 'idle',
    name: 'idle-ws',
    title: 'Memory of one idle connection of 10,000, WebSocket',
    connections: 10_000,
    contestants: [
      { ...ours('websocket'), ...atMost(5000) },
      shown(uws), // It keeps neither request nor history.
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
    contestants: [
      { ...ours('sse'), ...atMost(5000) },
      { ...http, ...atMost(1) },
    ],
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
    sends: 200_000,
    contestants: [ours('websocket'), { ...socketIo, ...atLeast(2) }],
  },
  {
    kind: 'send',
    name: 'send-http',
    title: 'Send with answer, 64 on their way, HTTP keep-alive',
    over: 'http',
    sends: 200_000,
    contestants: [ours('sse'), { ...http, ...atLeast(0.7) }],
  },
]
