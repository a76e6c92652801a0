import type { Connection } from './connection.ts'
import type { Admitted } from './permissions.ts'
import type { StartRequest } from './start.ts'
import type { Subscription, SubscriptionOwner } from './subscription.ts'

/** What a session tells the transport that opened it. */
export interface StreamOwner extends SubscriptionOwner {
  readonly connection: Connection
}

/** Where a stream starts, and who reads it. */
export interface SubscribeOptions extends StartRequest {
  /** The client's id: it becomes a member of those channels that know who is on them. */
  readonly client?: string | undefined
}

/** A stream that was opened. */
export interface OpenedStream {
  readonly subscription: Subscription
  /** Where the stream starts. */
  readonly position: string
}

/** A stream that was opened, with the channels of it that may not be read. */
export interface Opened extends OpenedStream {
  readonly denied: Admitted['denied']
}

/** The streams of several logs that were opened together. */
export interface Spanned {
  readonly streams: readonly OpenedStream[]
  readonly denied: Admitted['denied']
}
