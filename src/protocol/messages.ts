/**
 * The envelope (PROTOCOL.md, section 5): one JSON text per message, told apart by `op`. A reader ignores ops and
 * fields it does not know, a server refuses ops it does not know; that is how version 1 grows.
 */

/** The only WebSocket subprotocol. */
export const subprotocol = 'fairlead.v1.json'

/** Why a channel could not go on from a reader's position. */
export type ResetReason = 'epoch' | 'trimmed' | 'ahead' | 'dropped'

/** Why a server ends a stream. */
export type ByeReason = 'drain' | 'busy' | 'unavailable' | 'auth_expired' | 'revoked' | 'slow'

/** How well an event is kept before anyone sees it: in memory, in the system's cache, on disk, on other machines. */
export type Durability = 'memory' | 'os' | 'disk' | 'replicated'

/** One event. `id` is absent on channels that keep nothing; `bytes` (base64) stands in place of `data`. */
export interface EventMessage {
  op: 'event'
  channel: string
  id?: string
  event: string
  data?: unknown
  bytes?: string
  /** The appending server's clock, in milliseconds: for display only. */
  time: number
  tag?: string
}

/** The channel could not be read without a gap: it goes on after `latest`; after `earliest` comes all that is kept. */
export interface ResetMessage {
  op: 'reset'
  id?: string
  channel: string
  reason: ResetReason
  earliest: string
  latest: string
}

/** Says that the stream is alive and where it stands; the first message of every stream. */
export interface HeartbeatMessage {
  op: 'heartbeat'
  id?: string
  /** In place of `id` where channels of several logs share a stream: how far each is. */
  positions?: Readonly<Record<string, string>>
  everyMs: number
}

/** The last message before the server ends a stream. */
export interface ByeMessage {
  op: 'bye'
  reason: ByeReason
  retryMs: number
}

/** A channel of this stream may not be read. */
export interface DeniedMessage {
  op: 'denied'
  channel: string
  code: string
}

/** Who came to and who left a channel with presence, since the last such message. */
export interface PresenceMessage {
  op: 'presence'
  channel: string
  join: readonly string[]
  leave: readonly string[]
}

/** The credentials of this stream end soon: whoever brings new ones in time has no gap. */
export interface AuthExpiringMessage {
  op: 'auth_expiring'
  /** It is about the stream, not about a channel of it. */
  channel?: undefined
  /** In milliseconds. */
  inMs: number
}

/** What a stream says beside events. */
export type ControlMessage =
  | ResetMessage
  | HeartbeatMessage
  | ByeMessage
  | DeniedMessage
  | PresenceMessage
  | AuthExpiringMessage

/** The answer to a message that carried `ref`. */
export interface OkMessage {
  op: 'ok'
  ref: number
  /** Of a subscribe: where the channel starts. */
  position?: string
  /** Of a send: the event appended, and how well it is kept. */
  id?: string
  durability?: Durability
  /** Of a send: what the handler answered. */
  data?: unknown
}

/** The refusal of a message that carried `ref`. */
export interface ErrorMessage {
  op: 'error'
  ref: number
  code: string
  message: string
  /** The same message may succeed later. */
  retry?: true
  /** Of `conflict`: where the channel stands. */
  position?: string
  /** Of `invalid_data`: where in the payload the mistake is, as a JSON pointer. */
  path?: string
}

/** Whatever a server says. */
export type ServerMessage = EventMessage | ControlMessage | OkMessage | ErrorMessage

/** Follow a channel on a WebSocket. `client` names a member of a channel with presence. */
export interface SubscribeMessage {
  op: 'subscribe'
  ref: number
  channel: string
  after?: string
  last?: number
  client?: string
}

/** Follow a channel no more. */
export interface UnsubscribeMessage {
  op: 'unsubscribe'
  ref: number
  channel: string
}

/** Send one event to a channel. */
export interface SendMessage {
  op: 'send'
  ref: number
  channel: string
  /** Default `message`. */
  event?: string
  /** The payload: its raw JSON text on the server, so that it is carried as it was written. */
  data?: unknown
  bytes?: string
  key?: string
  /** Append only if nothing newer than this stands in the channel. */
  after?: string
  tag?: string
  /**
   * The client's number for messages sent together on a WebSocket: when one of them fails for now, the later ones are
   * answered `skipped`, as in `POST /live`, so that a retry keeps the order.
   */
  batch?: number
}

/** New or first credentials on a WebSocket. */
export interface AuthMessage {
  op: 'auth'
  ref: number
  token: string
}

/** Whatever a client says. */
export type ClientMessage = SubscribeMessage | UnsubscribeMessage | SendMessage | AuthMessage
