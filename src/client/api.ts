import type {
  ChannelMap,
  ChannelNameIn,
  DataIn,
  EventMap,
  EventNameIn,
  EventsIn,
} from '../protocol/channel-map.ts'
import type { ResetReason } from '../protocol/messages.ts'
import type { ClientState } from './client-state.ts'
import type { Clock } from './clock.ts'
import type { ChangePolicy, ConnectionPlan, Decision, Explanation } from './decisions.ts'
import type { TokenSource } from './endpoint.ts'
import type { SendAnswer } from './outbox.ts'
import type { WebSocketConstructor } from './transports/find-websocket.ts'
import type { TransportName } from './transports/stream.ts'

/** One transport, or several: the best first. `auto`: by the plan, by what is measured and by what the network lets through. */
export type TransportChoice = 'auto' | TransportName | readonly TransportName[]

/** How a client connects. */
export interface ConnectOptions {
  /** @default 'auto' */
  readonly transport?: TransportChoice
  /** What `auto` begins with, as `fairlead advise` prints it. @default what the server plans for the channels in use */
  readonly plan?: ConnectionPlan
  /** Whether `auto` changes a transport that works for one that suits the measured flow better. @default 'auto' */
  readonly policy?: ChangePolicy
  /** Sent as a bearer token. A function is called again at each connect, and once when the server refuses the token. */
  readonly token?: TokenSource
  /** Whether this client is a member of the channels that know who is on them. @default false */
  readonly presence?: boolean
  /** Its name there: 8 to 64 of `A-Za-z0-9_-`. @default a random one */
  readonly clientId?: string
  /** Headers for every HTTP request; a WebSocket cannot carry them. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether HTTP requests to another origin carry cookies. @default 'same-origin', as `fetch` has it */
  readonly credentials?: RequestCredentials
  /**
   * How long a send is tried, in milliseconds. At most 10 minutes, for which the server remembers its key.
   * @default 300000
   */
  readonly sendTimeoutMs?: number
  /** Closes the client. */
  readonly signal?: AbortSignal
  /** @default the runtime's own */
  readonly fetch?: typeof fetch
  /** @default the runtime's own; in Node without one, the package `ws` */
  readonly WebSocket?: WebSocketConstructor
  /** @default the machine's clock */
  readonly clock?: Clock
}

/** A connection to a server: channels, sends, and a state that can be observed. */
export interface Client<C extends ChannelMap = ChannelMap> {
  /** This client's name on channels that know who is on them. */
  readonly id: string
  /** What the connection is doing, and why. */
  readonly state: ClientState
  /** Calls `fn` at each change of the state; the answer stops it. */
  onState(fn: (state: ClientState) => void): () => void
  /**
   * The channel of this name, always the same one until it is closed: `options` count where it is made. It is read
   * from the first listener on; a channel that is only sent to needs no right to read.
   */
  channel<Name extends ChannelNameIn<C>, State extends Loaded = Loaded>(
    name: Name,
    options?: ChannelOptions<State>,
  ): Channel<EventsIn<C, Name>, State>
  /**
   * Changes the transport while events flow: none is lost, repeated or reordered. Resolves when a message was seen on
   * it; rejects with `unavailable` when it cannot be opened now: the one in use stays, and the client goes on trying.
   */
  use(transport: TransportChoice): Promise<void>
  /** Why it reads as it does: what was measured, and the last decisions. */
  explain(): Explanation
  /** Calls `fn` at each decision about the transport; the answer stops it. */
  onDecision(fn: (decision: Decision) => void): () => void
  /** Ends everything: iterations end, sends that are not answered reject. */
  close(): void
}

/** What an application's endpoint answers to `load`: the position that it read first, and then its state. */
export interface Loaded {
  readonly position: string
}

/** How a channel is read: after a position, from its newest events on, or after a state. Nothing given: from now on. */
export type ChannelOptions<State extends Loaded = Loaded> = ReadAfter | ReadLast | ReadLoaded<State>

/** Read after a position. */
export interface ReadAfter {
  /** `earliest`, `latest`, or a position. @default 'latest' */
  readonly after?: string
  readonly last?: undefined
  readonly load?: undefined
}

/** Read the newest events first. */
export interface ReadLast {
  /** How many: 0 to 1000. */
  readonly last: number
  readonly after?: undefined
  readonly load?: undefined
}

/** Read the events that build on a state. */
export interface ReadLoaded<State extends Loaded> {
  /**
   * Gets the state, from an endpoint that reads the channel's position *before* its state. Events come after that
   * position, so that none is missed and none counted twice. Called again after each reset, and after a failure.
   */
  readonly load: (signal: AbortSignal) => Promise<State>
  readonly after?: undefined
  readonly last?: undefined
}

/** What is known of an event beside its payload. */
export interface EventMeta {
  /** Its position; absent on channels that keep nothing. */
  readonly id?: string
  readonly channel: string
  readonly event: string
  /** The server's clock, in milliseconds: for display only. */
  readonly time: number
  readonly tag?: string
}

/** An event of a channel, as an iteration gives it. */
export type ChannelEvent<E extends EventMap> = {
  [Name in EventNameIn<E>]: Omit<EventMeta, 'event'> & {
    readonly event: Name
    readonly data: DataIn<E, Name>
  }
}[EventNameIn<E>]

/** Events may be missing before this point: the channel goes on after `latest`. */
export interface Reset {
  readonly channel: string
  readonly reason: ResetReason
  /** After this position comes all that is kept. */
  readonly earliest: string
  readonly latest: string
}

/** A reset in its place among the events of an iteration: a gap is never silent. */
export interface ResetEvent {
  readonly event: '$reset'
  readonly data: Reset
  readonly channel: string
  /** Where the channel goes on. */
  readonly id: string
  readonly time?: undefined
  readonly tag?: undefined
}

/** Who came to a channel and who left it. */
export interface PresenceEvent {
  readonly channel: string
  readonly join: readonly string[]
  readonly leave: readonly string[]
}

/** What a send may ask for. */
export interface SendOptions {
  /** Makes repeating it safe: 1 to 64 of `A-Za-z0-9_-`. @default a new one for each send */
  readonly key?: string
  /** Append only if nothing newer than this position stands in the channel, else the send rejects with `conflict`. */
  readonly after?: string
  /** Of events with one tag, a slow reader may be given only the newest. */
  readonly tag?: string
  /** Stops trying. The send may have been handled all the same. */
  readonly signal?: AbortSignal
}

/** One channel of a client. Listeners are called in the order of the events, and never for an event twice. */
export interface Channel<E extends EventMap = EventMap, State extends Loaded = Loaded> {
  readonly name: string
  /** The position reached; `undefined` until it is read. Resuming after it misses nothing. */
  readonly position: string | undefined
  /** Calls `fn` for each event of a name, or with `*` of any; the answer stops it. Bytes are a `Uint8Array`. */
  on<Name extends EventNameIn<E>>(
    event: Name,
    fn: (data: DataIn<E, Name>, meta: EventMeta) => void,
  ): () => void
  on(event: '*', fn: (data: ChannelEvent<E>['data'], meta: EventMeta) => void): () => void
  /** Calls `fn` with what `load` got, before any event after it. */
  onLoad(fn: (state: State) => void): () => void
  /** Calls `fn` before anything newer when events may be missing. With `load`, the state is then loaded again. */
  onReset(fn: (reset: Reset) => void): () => void
  /** Calls `fn` when someone comes or leaves, on channels that know who is on them; not over long-poll. */
  onPresence(fn: (change: PresenceEvent) => void): () => void
  /** Calls `fn` when the channel may not be read (nothing follows), or when `load` failed (it is called again). */
  onError(fn: (error: unknown) => void): () => void
  /**
   * Iterates over the events from now on. Up to 1000 wait to be taken; beyond that the iteration throws `busy`, after
   * the events that waited. Ends when the channel is closed or the signal aborts.
   */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<ChannelEvent<E> | ResetEvent>
  /**
   * Sends one event and answers what became of it: over the WebSocket where one is in use, else by POST. Sends of one client are handled in the order they were made, over
   * cuts and changes of transport. Rejects with a `FairleadError` when the server refuses it for good.
   */
  send<Name extends EventNameIn<E>>(
    event: Name,
    data: DataIn<E, Name>,
    options?: SendOptions,
  ): Promise<SendAnswer>
  /** Who is on the channel now. */
  members(options?: { readonly signal?: AbortSignal }): Promise<string[]>
  /** Begins to read, as the first listener does: to be seen on a channel without listening to it. */
  open(): this
  /**
   * Reads no more: nothing is called and iterations end. Sends that wait are not touched. A member is gone at once over
   * WebSocket, and within a minute otherwise.
   */
  close(): void
}
