import type { ClientState } from '../../src/client/client-state.ts'
import { ending } from '../../src/client/ending.ts'
import { createEndpoint } from '../../src/client/endpoint.ts'
import { createLink, type Link } from '../../src/client/link.ts'
import {
  type ChannelMessage,
  createSubscription,
  type Start,
  type Subscription,
} from '../../src/client/subscription.ts'
import type {
  Duplex,
  StreamMessage,
  StreamRequest,
  StreamSink,
  Transport,
  TransportName,
} from '../../src/client/transports/stream.ts'
import { type SimulatedClock, simulatedClock } from '../../src/testing/clock.ts'

/** Lets everything run that waits for nothing but its turn. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A stream whose server's side is the test. */
export class ScriptedStream {
  readonly transport: TransportName
  readonly request: StreamRequest
  readonly sink: StreamSink
  readonly signal: AbortSignal
  /** The channels it was opened with, each with its position at that moment. */
  readonly asked: Readonly<Record<string, string | undefined>>
  /** What the link has had a WebSocket follow. */
  followed: readonly Subscription[] = []
  /** Tokens that a WebSocket was given while it ran. */
  readonly renewals: string[] = []
  readonly end: (error: Error) => void

  constructor(
    transport: TransportName,
    request: StreamRequest,
    sink: StreamSink,
    signal: AbortSignal,
    end: (error: Error) => void,
  ) {
    this.transport = transport
    this.request = request
    this.asked = Object.fromEntries(request.subscriptions.map(({ channel, position }) => [channel, position]))
    this.sink = sink
    this.signal = signal
    this.end = end
  }

  /** The first message. */
  open(id?: string): this {
    if (this.transport === 'websocket') {
      const duplex: Duplex = {
        follow: (subscriptions) => {
          this.followed = subscriptions
        },
        send: async () => {},
        renew: (token) => void this.renewals.push(token),
      }
      this.sink.duplex(duplex)
      duplex.follow(this.request.subscriptions)
    }
    this.say({ op: 'heartbeat', everyMs: 25_000, ...(id !== undefined && { id }) })
    return this
  }

  say(message: StreamMessage): void {
    this.sink.take(message)
  }

  event(channel: string, id: string, data: unknown = id): void {
    this.say({ op: 'event', channel, id, event: 'tick', data, time: 0 })
  }

  lose(): void {
    this.end(new Error('It was cut.'))
  }

  bye(retryMs?: number): void {
    this.end(ending('The server is busy.', 'retry', { retryMs }))
  }
}

/** A link on a simulated clock over scripted transports. */
export interface ScriptedLink {
  readonly link: Link
  readonly clock: SimulatedClock
  readonly states: ClientState[]
  /** All streams that were asked for, oldest first. */
  readonly streams: ScriptedStream[]
  /** The newest stream, which is of this transport. */
  newest(transport?: TransportName): ScriptedStream
  /** Reads a channel; what comes is put on the list. */
  read(channel: string, start?: Start): { subscription: Subscription; messages: ChannelMessage[] }
  /** Moves time, and lets everything settle. */
  pass(ms: number): Promise<void>
  /** What the token function does. */
  token: () => Promise<string | undefined>
}

export function scriptedLink(
  order: readonly TransportName[] = ['websocket', 'sse', 'long-poll'],
  clock = simulatedClock(),
): ScriptedLink {
  const streams: ScriptedStream[] = []
  const states: ClientState[] = []
  const transport =
    (name: TransportName): Transport =>
    (request, sink, signal) =>
      new Promise<never>((_, reject) => streams.push(new ScriptedStream(name, request, sink, signal, reject)))
  const endpoint = createEndpoint('http://localhost/live', { token: () => rig.token() }, clock)
  const link = createLink({
    order,
    transports: {
      sse: transport('sse'),
      websocket: transport('websocket'),
      'long-poll': transport('long-poll'),
    },
    request: { endpoint, clock, clientId: undefined, WebSocket: undefined },
    changed: (state) => states.push(state),
  })
  const rig: ScriptedLink = {
    link,
    clock,
    states,
    streams,
    newest(transport) {
      const stream = streams.at(-1)
      if (!stream || (transport && stream.transport !== transport)) {
        throw new Error(`The newest stream is ${stream?.transport}, not ${transport}.`)
      }
      return stream
    },
    read(channel, start = {}) {
      const messages: ChannelMessage[] = []
      const subscription = createSubscription(channel, start, (message) => {
        messages.push(message)
        if (message.op === 'denied') link.remove(subscription)
      })
      link.add(subscription)
      return { subscription, messages }
    },
    async pass(ms) {
      clock.advance(ms)
      await settle()
    },
    token: async () => undefined,
  }
  return rig
}
