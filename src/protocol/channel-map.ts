import type { StandardSchema } from './standard-schema.ts'

/**
 * How one declaration types both sides: the server's `publish` and the client's `on` and `send` look their events up
 * in it. Types only, but for `event`.
 */

/** The type of an event's payload, for the compiler alone. Made by `event<T>()`. */
export interface EventType<T> {
  readonly type?: T
}

/** Names the type of an event's payload in a declaration: `events: { bid: event<{ amount: number }>() }`. */
export function event<T>(): EventType<T> {
  return {}
}

/** The events of a channel, by name: each with the type of its payload, or with a validator that has one. */
export type EventMap = Readonly<Record<string, EventType<unknown> | StandardSchema>>

/**
 * What typing needs of a declaration. `& object`: else the compiler would take one that has rules but no events for a
 * mistake, as it has nothing in common with a type whose every field is optional.
 */
export type ChannelMap = Readonly<Record<string, { readonly events?: EventMap } & object>>

/** The names that a pattern covers: `chat/*` covers `chat/${string}`; that `*` is one segment, only the server checks. */
type NameOf<Pattern extends string> = Pattern extends `${infer Before}*${infer After}`
  ? `${Before}${string}${NameOf<After>}`
  : Pattern

/** A name of one of the declared channels. */
export type ChannelNameIn<C extends ChannelMap> = NameOf<keyof C & string>

/** The events of the channel `Name`: those of its own declaration, else of the patterns that cover it. */
export type EventsIn<C extends ChannelMap, Name extends string> = Name extends keyof C
  ? EventsOf<C[Name]>
  : { [P in keyof C & string]: Name extends NameOf<P> ? EventsOf<C[P]> : never }[keyof C & string]

type EventsOf<D> = D extends { readonly events: infer E extends EventMap } ? E : EventMap

/** The names of a channel's events. */
export type EventNameIn<E extends EventMap> = keyof E & string

/**
 * The payload of one of a channel's events. Of a validator, what it takes: a payload is carried as it was sent, whatever
 * the validator makes of it.
 */
export type DataIn<E extends EventMap, Name extends keyof E> =
  E[Name] extends StandardSchema<infer Input> ? Input : E[Name] extends EventType<infer T> ? T : unknown
