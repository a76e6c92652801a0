/**
 * Types that are tested by compiling them: `tsc -p tsconfig.json` fails when one of the `Expect`s is not `true`, or when
 * a line under `@ts-expect-error` is none.
 */
import { WebSocket as WsWebSocket } from 'ws'
import {
  type Channel,
  type ChannelEvent,
  type ClientState,
  connect,
  type FairleadError,
  type Reset,
  type SendAnswer,
} from '../../src/client/index.ts'
import { defineChannels } from '../../src/hub/channels.ts'
import { event } from '../../src/protocol/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Expect<T extends true> = T

interface Order {
  id: number
  total: number
}

const channels = defineChannels({
  orders: { events: { new_order: event<Order>(), cancelled: event<{ id: number }>() } },
  'chat/*': { events: { say: event<{ text: string }>(), blob: event<Uint8Array>() } },
  anything: {},
})

const client = connect<typeof channels>('/live')
const orders = client.channel('orders')
const chat = client.channel('chat/7')

// Names of channels and events.
// @ts-expect-error: no such channel
client.channel('order')
// @ts-expect-error: a pattern covers what has its prefix
client.channel('chat')
// @ts-expect-error: no such event
orders.on('new_orders', () => {})
// @ts-expect-error: an event of another channel
void orders.send('say', { text: 'hello' })

// Payloads.
const off: () => void = orders.on('new_order', (data, meta) => {
  const total: number = data.total
  const id: string | undefined = meta.id
  void [total, id]
  // @ts-expect-error: no such field
  data.price
})
off()
orders.on('*', (data) => {
  type Cases = Expect<Equal<typeof data, Order | { id: number }>>
  return undefined as unknown as Cases
})
chat.on('blob', (data) => data.byteLength)
void chat.send('blob', new Uint8Array())
// @ts-expect-error: bytes, not text
void chat.send('blob', 'text')
// @ts-expect-error: a field is missing
void orders.send('new_order', { id: 1 })
// @ts-expect-error: the data is missing
void orders.send('new_order')
// @ts-expect-error: no such option
void orders.send('cancelled', { id: 1 }, { keys: 'k' })
const sent: Promise<SendAnswer> = orders.send(
  'cancelled',
  { id: 1 },
  { key: 'k', signal: AbortSignal.abort() },
)
void sent

// Iteration: told apart by `event`, and a gap is one of them.
for await (const one of orders.events()) {
  if (one.event === 'new_order') one.data.total.toFixed()
  else if (one.event === '$reset') one.data.reason satisfies Reset['reason']
  else one.data satisfies { id: number }
  // @ts-expect-error: not every event has a total
  one.data.total
}
for await (const { event, data, id, time } of connect('/live').channel('any').events())
  void [event, data, id, time]

// How a channel is read.
client.channel('orders', { after: 'earliest' })
client.channel('orders', { last: 20 })
// @ts-expect-error: after and last exclude each other
client.channel('orders', { after: 'k.1', last: 20 })
// @ts-expect-error: load says where to start
client.channel('orders', { last: 20, load: async () => ({ position: 'k.1' }) })
// @ts-expect-error: without a position the state joins nothing
client.channel('orders', { load: async () => ({ orders: [] }) })
const shop = client.channel('orders', { load: async () => ({ position: 'k.1', open: [1, 2] }) })
shop.onLoad((state) => state.open.map((id) => id.toFixed()))

// Without a declaration everything is allowed, and data is unknown.
const untyped = connect('/live').channel('whatever')
untyped.on('any', (data) => {
  // @ts-expect-error: it has to be looked at first
  data.total
})
void untyped.send('any', { at: 'all' })
void client.channel('anything').send('any', 1)

// The rest of the client.
connect('/live', { transport: 'sse', token: async () => 'secret', WebSocket: globalThis.WebSocket })
connect('/live', { transport: ['websocket', 'long-poll'], token: 'secret', WebSocket: WsWebSocket })
// @ts-expect-error: no such transport
connect('/live', { transport: 'telepathy' })
// @ts-expect-error: no such transport
void client.use(['sse', 'telepathy'])

/** Compared as types alone. */
export type Cases = [
  Expect<Equal<ClientState['phase'], 'idle' | 'connecting' | 'open' | 'waiting' | 'closed'>>,
  Expect<Equal<NonNullable<ClientState['error']>, FairleadError>>,
  Expect<Equal<Awaited<ReturnType<Channel['members']>>, string[]>>,
  Expect<Equal<ChannelEvent<(typeof channels)['orders']['events']>['event'], 'new_order' | 'cancelled'>>,
]
