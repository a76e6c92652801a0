/**
 * Types that are tested by compiling them: `tsc -p tsconfig.json` fails when one of the `Expect`s is not `true`, or when
 * a line under `@ts-expect-error` is none.
 */
import { type } from 'arktype'
import * as valibot from 'valibot'
import { z } from 'zod'
import { defineChannels } from '../../src/hub/channels.ts'
import {
  type ChannelMap,
  type ChannelNameIn,
  type DataIn,
  type EventMap,
  type EventNameIn,
  type EventsIn,
  event,
} from '../../src/protocol/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Expect<T extends true> = T

interface Order {
  id: number
  total: number
}

const channels = defineChannels({
  orders: {
    read: 'public',
    events: { new_order: event<Order>(), cancelled: event<{ id: number; reason?: string }>() },
  },
  'chat/*': { events: { say: event<{ text: string }>(), message: event<string>() } },
  'chat/lobby': { events: { notice: event<readonly string[]>() } },
  'shop/*/stock/*': { events: { left: event<number>() } },
  pixels: {
    events: { frame: event<Uint8Array>(), maybe: event<string | null>(), nothing: event<undefined>() },
  },
  'log/*': { read: 'signed-in' },
  anything: {},
})
type Channels = typeof channels

const validated = defineChannels({
  zod: {
    events: { order: z.object({ id: z.number(), note: z.string().default('') }), seen: event<number>() },
  },
  valibot: { events: { order: valibot.object({ id: valibot.number() }) } },
  arktype: { events: { order: type({ id: 'number' }) } },
  flows: { flow: { up: { perSecond: 20, bytes: 40 }, latencyMs: 100 } },
})
type Validated = typeof validated
type Sent<Name extends string, E extends keyof EventsIn<Validated, Name>> = DataIn<
  EventsIn<Validated, Name>,
  E
>

type Data<Name extends string, E extends keyof EventsIn<Channels, Name>> = DataIn<EventsIn<Channels, Name>, E>

/** The shape that a client's channel has, reduced to what typing is about. */
interface TypedChannel<E extends EventMap> {
  on<Name extends EventNameIn<E>>(name: Name, listener: (data: DataIn<E, Name>) => void): void
  send<Name extends EventNameIn<E>>(name: Name, data: DataIn<E, Name>): void
}

interface TypedClient<C extends ChannelMap> {
  channel<Name extends ChannelNameIn<C>>(name: Name): TypedChannel<EventsIn<C, Name>>
}

declare const client: TypedClient<Channels>
declare const untyped: TypedClient<ChannelMap>
declare const order: Order
declare const room: string

export type Cases = [
  // A validator's events carry what it takes, not what it makes of that.
  Expect<Equal<Sent<'zod', 'order'>, { id: number; note?: string | undefined }>>,
  Expect<Equal<Sent<'zod', 'seen'>, number>>,
  Expect<Equal<Sent<'valibot', 'order'>, { id: number }>>,
  Expect<Equal<Sent<'arktype', 'order'>, { id: number }>>,
  Expect<Equal<EventNameIn<EventsIn<Validated, 'zod'>>, 'order' | 'seen'>>,
  // Names: exact ones, and what each pattern covers.
  Expect<
    Equal<
      ChannelNameIn<Channels>,
      | 'orders'
      | `chat/${string}`
      | 'chat/lobby'
      | `shop/${string}/stock/${string}`
      | 'pixels'
      | `log/${string}`
      | 'anything'
    >
  >,
  // An exact name has its own events.
  Expect<Equal<EventNameIn<EventsIn<Channels, 'orders'>>, 'new_order' | 'cancelled'>>,
  Expect<Equal<Data<'orders', 'new_order'>, Order>>,
  Expect<Equal<Data<'orders', 'cancelled'>, { id: number; reason?: string }>>,
  Expect<Equal<Data<'pixels', 'frame'>, Uint8Array>>,
  Expect<Equal<Data<'pixels', 'maybe'>, string | null>>,
  // A pattern's events are those of every name it covers, of a name known only as it runs too.
  Expect<Equal<EventNameIn<EventsIn<Channels, 'chat/7'>>, 'say' | 'message'>>,
  Expect<Equal<EventNameIn<EventsIn<Channels, `chat/${string}`>>, 'say' | 'message'>>,
  Expect<Equal<EventNameIn<EventsIn<Channels, `chat/${number}`>>, 'say' | 'message'>>,
  Expect<Equal<Data<'chat/7', 'say'>, { text: string }>>,
  Expect<Equal<Data<'shop/berlin/stock/12', 'left'>, number>>,
  Expect<Equal<EventNameIn<EventsIn<Channels, 'chat/*'>>, 'say' | 'message'>>,
  // A declaration of its own wins over a pattern that covers it, too.
  Expect<Equal<EventNameIn<EventsIn<Channels, 'chat/lobby'>>, 'notice'>>,
  Expect<Equal<Data<'chat/lobby', 'notice'>, readonly string[]>>,
  // Nothing declared: any event, whose data must be looked at.
  Expect<Equal<EventNameIn<EventsIn<Channels, 'anything'>>, string>>,
  Expect<Equal<Data<'anything', 'x'>, unknown>>,
  Expect<Equal<Data<'log/app', 'x'>, unknown>>,
  Expect<Equal<ChannelNameIn<ChannelMap>, string>>,
  Expect<Equal<DataIn<EventsIn<ChannelMap, 'orders'>, 'x'>, unknown>>,
]

client.channel('orders').on('new_order', (data) => data.total.toFixed(2))
client.channel('orders').send('new_order', order)
client.channel('chat/7').send('say', { text: 'hi' })
client.channel('chat/7').send('message', 'hi')
client.channel(`chat/${room}`).on('say', ({ text }) => text.trim())
client.channel('shop/berlin/stock/12').on('left', (left) => left + 1)
client.channel('pixels').send('frame', Uint8Array.of(1))
client.channel('anything').send('whatever', { a: [1] })
untyped.channel('orders').send('whatever', 1)
untyped.channel(room).on('whatever', (data: unknown) => data)

// @ts-expect-error: no such channel.
client.channel('order')
// @ts-expect-error: a pattern's name needs what its star stands for.
client.channel('chat')
// @ts-expect-error: a name that could be anything.
client.channel(room)
// @ts-expect-error: no such event on this channel.
client.channel('orders').on('new_orders', () => {})
// @ts-expect-error: an event of another channel.
client.channel('orders').send('say', { text: 'hi' })
// @ts-expect-error: the pattern's events are not those of a channel declared by itself.
client.channel('chat/lobby').send('say', { text: 'hi' })
// @ts-expect-error: a field is missing.
client.channel('orders').send('new_order', { id: 123 })
// @ts-expect-error: a field is of another type.
client.channel('orders').send('new_order', { id: '123', total: 45.99 })
// @ts-expect-error: a field too many.
client.channel('chat/7').send('say', { text: 'hi', loud: true })
// @ts-expect-error: text is no bytes.
client.channel('pixels').send('frame', 'AAEC')
// @ts-expect-error: the payload has no such field.
client.channel('orders').on('new_order', (data) => data.price)
// @ts-expect-error: a listener of another payload.
client.channel('chat/7').on('say', (data: { text: number }) => data)
// @ts-expect-error: any event, but its data is unknown.
client.channel('anything').on('whatever', (data) => data.field)
// @ts-expect-error: an event is declared by `event`, not by a value that looks like its payload.
defineChannels({ orders: { events: { new_order: { id: 1, total: 2 } } } })

declare const checked: TypedClient<Validated>
checked.channel('zod').send('order', { id: 1 })
// @ts-expect-error: a field is of another type than the validator takes.
checked.channel('zod').send('order', { id: '1' })
// @ts-expect-error: the validator's output is not what is read.
checked.channel('zod').on('order', (data: { note: string }) => data)
// @ts-expect-error: a rate is a number a second.
defineChannels({ cursors: { flow: { up: { perMinute: 3 } } } })
// @ts-expect-error: a flow's order has three names.
defineChannels({ cursors: { flow: { order: 'total' } } })
