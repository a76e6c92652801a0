import type {
  AuthExpiringMessage,
  DeniedMessage,
  ErrorMessage,
  EventMessage,
  HeartbeatMessage,
  OkMessage,
  PresenceMessage,
  ResetMessage,
} from '../../protocol/messages.ts'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { OutgoingSend } from '../outgoing-send.ts'
import type { Subscription } from '../subscription.ts'
import type { WebSocketConstructor } from './find-websocket.ts'

/** The three ways to read a log. */
export type TransportName = 'sse' | 'websocket' | 'long-poll'

/**
 * Runs one stream until it is over: what it throws is an `Ending`. On abort it lets go of everything, and may throw what
 * it likes.
 */
export type Transport = (request: StreamRequest, sink: StreamSink, signal: AbortSignal) => Promise<never>

/** What a transport needs to open a stream. */
export interface StreamRequest {
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly subscriptions: readonly Subscription[]
  /** Names this client on channels that know who is on them. */
  readonly clientId: string | undefined
  readonly WebSocket: WebSocketConstructor | undefined
  /** To be told the delay from which reconnects back off, where the server names it. */
  readonly retryBase: (retryMs: number) => void
  /** Told what came, to measure it. */
  readonly count?: ((events: number, bytes: number) => void) | undefined
}

/** What a stream gives. How it ends is not told but thrown, a `bye` included. */
export type StreamMessage =
  | EventMessage
  | HeartbeatMessage
  | ResetMessage
  | DeniedMessage
  | PresenceMessage
  | AuthExpiringMessage

/** Who a transport tells; not before its first `await`, and in vain once the signal has aborted. */
export interface StreamSink {
  /** Bytes came, though perhaps no whole message; how many, where that is known. */
  heard(bytes?: number): void
  /**
   * A message. The first heartbeat of a stream says where it starts; a later one, that all of its channels are
   * complete up to there.
   */
  take(message: StreamMessage): void
  /** A WebSocket is ready: for changes of its channels and for sends. */
  duplex(controls: Duplex): void
  /** A WebSocket follows this channel now. */
  joined(subscription: Subscription, position: string): void
  /** When the signal aborts: why. */
  farewell: Farewell
}

/**
 * How the client parts with a stream: it leaves (`goodbye`), another stream has taken over (`replaced`: answers on
 * their way are waited for), or it is taken for dead (`lost`). After the last two the client is still there.
 */
export type Farewell = 'goodbye' | 'replaced' | 'lost'

/** What only a stream that goes both ways can do. */
export interface Duplex {
  /** Says who is asking anew. Where the server refuses, it goes on until the old token ends. */
  renew(token: string): void
  /** Follows these channels from now on, and no others. */
  follow(subscriptions: readonly Subscription[]): void
  /** Sends a batch in order. Resolves when all are answered; rejects when the stream ends first. */
  send(batch: readonly OutgoingSend[], reply: (reply: SendReply) => void): Promise<unknown>
}

/** The answer to one send; `ref` is its place in the batch. */
export type SendReply = OkMessage | ErrorMessage
