import type { EventMap, FlowDeclaration, Position } from '../protocol/index.ts'
import type { Identity } from './authorise.ts'
import type { Retention } from './channel-log.ts'

/**
 * Who may: everyone (`public`), nobody, everyone who is known (`signed-in`), or whom a function of the identity and
 * the channel's name lets.
 */
export type Rule =
  | 'public'
  | 'signed-in'
  | 'nobody'
  | ((who: Identity | null, channel: ChannelName) => boolean | Promise<boolean>)

/** A channel's name with what `*` stood for in its pattern: `chat/7` of `chat/*` has `params` `['7']`. */
export interface ChannelName {
  readonly name: string
  readonly params: readonly string[]
}

/** What happens to a reader that is slower than its channel (PROTOCOL.md, section 10). */
export type SlowReader = 'resume' | 'latest' | 'drop'

/** One `send`, as a channel's handler sees it. */
export interface SendContext {
  readonly channel: ChannelName
  readonly event: string
  /**
   * The payload, parsed; bytes are a `Uint8Array`. Where the event has a validator, what that made of it; else nothing
   * has checked its shape.
   */
  readonly data: unknown
  readonly who: Identity | null
  readonly key: string | undefined
  readonly after: Position | undefined
  readonly tag: string | undefined
  /** Aborts when the sender is gone or the server closes. */
  readonly signal: AbortSignal
  /**
   * Appends to a channel of the log. With the send's key it happens once, however often the handler runs for it. An
   * append to the send's own channel is named in the answer. Its `data` is as sent if left out.
   */
  publish(options?: {
    channel?: string
    event?: string
    data?: unknown
    after?: string
    tag?: string
  }): Promise<{ id: string | undefined }>
}

/** One channel, or all channels of a pattern: where everything about it is said. */
export interface ChannelDeclaration<Events extends EventMap = EventMap> {
  /** Who may read: stream, history and presence. @default 'nobody' */
  readonly read?: Rule
  /** Who may send. @default 'nobody' */
  readonly send?: Rule
  /** What is kept, within what the log keeps. @default all that the log keeps */
  readonly retention?: Retention
  /** @default 'resume' */
  readonly slow?: SlowReader
  /**
   * Whether streams of the channel are compressed for readers that take it: once for all of them. Never for one that
   * mixes secrets with text that others choose: the length would tell the secret (BREACH). @default false
   */
  readonly compress?: boolean
  /** Whether the channel knows who is on it. @default false */
  readonly presence?: boolean
  /**
   * The events and their payloads: `event<T>()` for the compiler alone, or a validator (zod, valibot, arktype: anything
   * with Standard Schema), which every client's `send` must then pass. @default any event
   */
  readonly events?: Events
  /** What is expected to flow: the transport is chosen by it. @default what is measured */
  readonly flow?: FlowDeclaration
  /**
   * Handles every `send`, whoever sends: it may refuse (throw a `FairleadError`), answer (return a value), change and
   * publish. Without it a send is appended as it came.
   */
  readonly onSend?: (send: SendContext) => unknown
  /** Called when a stream, a subscription or a poll of the channel begins; throw a `FairleadError` to refuse it. */
  readonly onSubscribe?: (subscription: {
    channel: ChannelName
    who: Identity | null
  }) => void | Promise<void>
  /** Called when a stream or a subscription ends, however it ends. */
  readonly onLeave?: (subscription: { channel: ChannelName; who: Identity | null }) => void
}

/** All channels of an application, by name or pattern. `*` stands for one segment. */
export type Channels = Readonly<Record<string, ChannelDeclaration>>

/** Declares an application's channels in one place; server and client are both typed by it. */
export function defineChannels<const C extends Channels>(channels: C): C {
  return channels
}
