import type { ChannelMap, ChannelNameIn, EventMap, EventsIn } from '../protocol/channel-map.ts'
import { FairleadError } from '../protocol/errors.ts'
import { channelsPerStream } from '../protocol/limits.ts'
import { isChannelName } from '../protocol/names.ts'
import type { Channel, ChannelOptions, Client, ConnectOptions, Loaded, TransportChoice } from './api.ts'
import { type ClientChannel, createChannel } from './channel.ts'
import type { ClientState } from './client-state.ts'
import { systemClock } from './clock.ts'
import { createEndpoint } from './endpoint.ts'
import { createLink, type Link } from './link.ts'
import { createListeners } from './listeners.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { watchPage } from './page-events.ts'
import { createPilot } from './pilot.ts'
import { randomId } from './random-id.ts'
import { longPoll } from './transports/long-poll.ts'
import { sse } from './transports/sse.ts'
import type { Transport, TransportName } from './transports/stream.ts'
import { websocket } from './transports/websocket.ts'
import { createUpstream } from './upstream.ts'

const transports: Readonly<Record<TransportName, Transport>> = { sse, websocket, 'long-poll': longPoll }

/** How long a send is tried, in milliseconds. */
const defaultSendTimeoutMs = 300_000

/**
 * Connects to the server whose base URL is `url`: `https://example.org/live`, or `/live` on the page's own origin.
 * Nothing is opened before a channel is read or sent to. Typed by the declaration of the channels:
 * `connect<typeof channels>('/live')`.
 */
export function connect<C extends ChannelMap = ChannelMap>(
  url: string,
  options: ConnectOptions = {},
): Client<C> {
  return connectOver<C>(url, options, transports)
}

/** The same over other ways to read, by the names of those that they stand for. */
export function connectOver<C extends ChannelMap>(
  url: string,
  options: ConnectOptions,
  transports: Readonly<Record<TransportName, Transport>>,
): Client<C> {
  const { clock = systemClock, clientId: id = randomId(), signal, WebSocket } = options
  const channels = new Map<string, ClientChannel<EventMap, Loaded>>()
  const listeners = createListeners()
  const endpoint = createEndpoint(url, options, clock)
  const over = new AbortController()

  const changed = (state: ClientState) => {
    const { phase, reason, error } = state
    if (phase === 'open') outbox.kick()
    if (phase === 'closed') {
      over.abort()
      pilot.close()
      for (const channel of channels.values()) error ? channel.fail(error) : channel.close()
      outbox.close(error ?? new FairleadError('unavailable', reason))
    }
    listeners.call('', state)
  }

  const { plan, policy = 'auto' } = options
  if (plan) toOrder(plan.ladder)
  const order = toOrder(options.transport)
  const pilot = createPilot(
    { clock, endpoint, policy, plan, order, channels: () => [...channels.keys()] },
    () => link,
  )
  const clientId = options.presence ? id : undefined
  const link: Link = createLink({
    ...pilot,
    transports,
    request: { endpoint, clock, WebSocket, clientId, count: pilot.count },
    changed,
  })
  const outbox: Outbox = createOutbox(
    clock,
    options.sendTimeoutMs ?? defaultSendTimeoutMs,
    pilot.delivering(createUpstream(link, endpoint)),
  )
  const send: Outbox['send'] = (header, payload, signal) => {
    pilot.sends(payload.length)
    return outbox.send(header, payload, signal)
  }
  watchPage(link, over.signal)

  const create = <E extends EventMap, State extends Loaded>(
    name: string,
    options: ChannelOptions<State>,
  ): ClientChannel<E, State> => {
    if (!isChannelName(name)) throw new FairleadError('invalid_channel', `No channel: ${name}`)
    if (channels.size === channelsPerStream) {
      throw new FairleadError('too_many_channels', `At most ${channelsPerStream} channels.`)
    }
    return createChannel<E, State>(name, options, {
      clock,
      endpoint,
      link,
      outbox: { send },
      closed: () => channels.delete(name),
    })
  }

  const client: Client<C> = {
    id,
    get state() {
      return link.state()
    },
    onState: (fn) => listeners.add('', fn),
    channel<Name extends ChannelNameIn<C>, State extends Loaded>(
      name: Name,
      options: ChannelOptions<State> = {},
    ) {
      const channel = channels.get(name) ?? create<EventMap, State>(name, options)
      // The types are the compiler's alone: at run time all channels are the same.
      channels.set(name, channel as unknown as ClientChannel<EventMap, Loaded>)
      return channel as unknown as Channel<EventsIn<C, Name>, State>
    },
    use: async (transport) => link.use(pilot.named(toOrder(transport))),
    explain: pilot.explain,
    onDecision: pilot.onDecision,
    close: () => link.close('The client was closed.'),
  }
  signal?.addEventListener('abort', client.close)
  if (signal?.aborted) client.close()
  return client
}

/** Nothing where the choice is left to the client. */
function toOrder(choice: TransportChoice = 'auto'): readonly TransportName[] | undefined {
  if (choice === 'auto') return undefined
  const order = [choice].flat()
  if (order.length && order.every((name) => transports[name])) return order
  throw new TypeError(`No transport: ${choice}`)
}
