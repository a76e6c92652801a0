import { decodeBase64 } from '../protocol/base64.ts'
import type { EventMap } from '../protocol/channel-map.ts'
import type { FairleadError } from '../protocol/errors.ts'
import { parsePosition } from '../protocol/position.ts'
import type { Channel, ChannelEvent, ChannelOptions, Loaded, ResetEvent } from './api.ts'
import { createBackoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { pause, withDeadline } from './deadline.ts'
import { errorOf } from './ending.ts'
import type { Endpoint } from './endpoint.ts'
import { createEventBuffer, type EventBuffer } from './event-buffer.ts'
import type { Link } from './link.ts'
import { createListeners, reportUncaught } from './listeners.ts'
import type { Outbox } from './outbox.ts'
import { toOutgoingPayload } from './outgoing-send.ts'
import { type ChannelMessage, createSubscription, type Start, type Subscription } from './subscription.ts'

/** How long `load` and `members` may take. */
const requestMs = 30_000

/** What a channel needs of its client. */
export interface ChannelHost {
  readonly clock: Clock
  readonly endpoint: Endpoint
  readonly link: Link
  readonly outbox: Pick<Outbox, 'send'>
  /** The channel is over. */
  readonly closed: () => void
}

/** What the client asks of a channel beside its public face. */
export interface ClientChannel<E extends EventMap, State extends Loaded> extends Channel<E, State> {
  /** It is over, and not by the application's wish. */
  fail(error: FairleadError): void
}

/** A channel's public face: who listens, how it is read, and its sends. */
export function createChannel<E extends EventMap, State extends Loaded>(
  name: string,
  { after, last, load }: ChannelOptions<State>,
  { clock, endpoint, link, outbox, closed }: ChannelHost,
): ClientChannel<E, State> {
  /** By the event's name; what is not an event begins with `$`, as no event's name does. */
  const listeners = createListeners()
  const buffers = new Set<EventBuffer<ChannelEvent<E> | ResetEvent>>()
  const over = new AbortController()
  const { signal } = over
  // Made now, so that a position that is none is refused where it was given.
  let subscription = load ? undefined : subscribe({ after, last })
  let isOpen = false

  function subscribe(start: Start): Subscription {
    return createSubscription(name, start, take)
  }

  function take(message: ChannelMessage): void {
    if (message.op === 'event') {
      const { op, data, bytes, ...meta } = message
      const payload = bytes === undefined ? data : decodeBase64(bytes)
      for (const buffer of buffers) buffer.push({ ...meta, data: payload } as ChannelEvent<E>)
      listeners.call(meta.event, payload, meta)
      listeners.call('$any', payload, meta)
    } else if (message.op === 'reset') {
      const { op, id, ...reset } = message
      const { channel, latest } = reset
      // What comes before the new state is there would build on the old one.
      if (load) subscription!.active = false
      for (const buffer of buffers) buffer.push({ event: '$reset', data: reset, channel, id: latest })
      listeners.call('$reset', reset)
      if (load) void loadState(load)
    } else if (message.op === 'presence') {
      listeners.call('$presence', message)
    } else if (message.op === 'denied') {
      self.fail(errorOf({ ...message, message: `${name} may not be read.` }))
    }
  }

  /** Gets the state, however often it takes, and reads on from its position. */
  async function loadState(load: (signal: AbortSignal) => Promise<State>): Promise<void> {
    const backoff = createBackoff(clock)
    while (!signal.aborted) {
      try {
        const state = await withDeadline(clock, requestMs, signal, load)
        parsePosition(state.position)
        subscription = subscribe({ after: state.position })
        listeners.call('$load', state)
        if (!signal.aborted) link.add(subscription)
        return
      } catch (error) {
        if (!signal.aborted) listeners.call('$error', error)
        await pause(clock, backoff.next(), signal)
      }
    }
  }

  /** Nothing more comes. */
  function end(error?: FairleadError): void {
    over.abort()
    for (const buffer of buffers) buffer.end(error)
    if (subscription) link.remove(subscription)
    closed()
  }

  const listen = (event: string, fn: (...args: never[]) => void) => {
    self.open()
    return listeners.add(event, fn)
  }

  const self: ClientChannel<E, State> = {
    name,
    get position() {
      return subscription?.position
    },
    on: (event: string, fn: (...args: never[]) => void) => listen(event === '*' ? '$any' : event, fn),
    onLoad: (fn) => listen('$load', fn),
    onReset: (fn) => listen('$reset', fn),
    onPresence: (fn) => listen('$presence', fn),
    onError: (fn) => listeners.add('$error', fn),
    events({ signal: outer } = {}) {
      const end = () => buffer.end()
      const buffer = createEventBuffer<ChannelEvent<E> | ResetEvent>(() => {
        buffers.delete(buffer)
        outer?.removeEventListener('abort', end)
      })
      buffers.add(buffer)
      outer?.addEventListener('abort', end)
      if (signal.aborted || outer?.aborted) end()
      self.open()
      return buffer.iteration
    },
    async send(event, data, { signal, ...options } = {}) {
      return outbox.send({ channel: name, event, ...options }, toOutgoingPayload(data), signal)
    },
    members: ({ signal } = {}) =>
      withDeadline(clock, requestMs, signal, async (signal) => {
        const path = `/_presence/${name}`
        return (await endpoint.json<{ members: string[] }>({ path, signal })).members
      }),
    open() {
      if (!isOpen && !signal.aborted) {
        isOpen = true
        if (load) void loadState(load)
        else link.add(subscription!)
      }
      return self
    },
    close() {
      if (!signal.aborted) end()
    },
    fail(error) {
      if (signal.aborted) return
      const isHeard = buffers.size > 0
      end(error)
      if (!listeners.call('$error', error) && !isHeard && isOpen) reportUncaught(error)
    },
  }
  return self
}
