import type { AppendOptions, NewEvent, ReadFrom, ReadLimits, StoredEvent } from '../../hub/channel-log.ts'
import type { PresenceChange } from '../../hub/presence.ts'
import { type Durability, type ErrorCode, FairleadError, isFairleadError } from '../../protocol/index.ts'

/** Marks our messages among those that an application sends over the same line. */
export const mark = 'fairlead/log'

/** What a worker asks of the primary. */
export type Question =
  | { readonly op: 'append'; readonly event: NewEvent; readonly options: AppendOptions | undefined }
  | { readonly op: 'read'; readonly from: readonly ReadFrom[]; readonly bounds: ReadLimits }
  | { readonly op: 'head' }
  | { readonly op: 'channelHead'; readonly channel: string; readonly last: number }
  | { readonly op: 'watch'; readonly channel: string }
  | { readonly op: 'touch' | 'leave'; readonly channel: string; readonly member: string }
  | { readonly op: 'members'; readonly channel: string }

/** What a worker says. */
export type WorkerItem =
  | { readonly id: number; readonly ask: Question }
  | { readonly cancel: number }
  | { readonly unwatch: string }
  | { readonly follow: 'presence' }

/** What the primary says. */
export type PrimaryItem =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: PlainError }
  | { readonly event: StoredEvent }
  | { readonly restart: string | undefined }
  | { readonly lost: boolean }
  | { readonly presence: PresenceChange }

/** One message of a worker. */
export interface WorkerMessage {
  readonly mark: typeof mark
  /** In every message until the primary has answered one: it may begin to listen later than the worker speaks. */
  readonly hello?: Uint8Array | undefined
  readonly items: readonly WorkerItem[]
}

/** One message of the primary. */
export interface PrimaryMessage {
  readonly mark: typeof mark
  readonly durability: Durability
  /** Every event of the watched channels up to here stands in this message or one before; unless more waits. */
  readonly position: number | undefined
  readonly items: readonly PrimaryItem[]
  /** Why the primary cannot be used like this. */
  readonly refused?: string | undefined
}

/** Comes through as it is only where bytes do: as JSON it would be an object of numbers. */
export const helloBytes = Uint8Array.of(7)

/** Whether bytes come through the line. */
export function isHello(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 1 && value[0] === helloBytes[0]
}

/** Whether a message is one of ours. */
export function isMarked(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'mark' in message && message.mark === mark
}

/** About what an event takes, in bytes. */
export function eventBytes({ payload }: { readonly payload: NewEvent['payload'] }): number {
  return 200 + payload.length
}

/**
 * An event out of a message: its bytes no longer share the message's memory, which one small payload would keep alive
 * for as long as it is kept itself.
 */
export function ownEvent(event: StoredEvent): StoredEvent {
  const { payload } = event
  return typeof payload === 'string' ? event : { ...event, payload: new Uint8Array(payload) }
}

/** An error as it crosses the line: without its stack and causes, which name the other process's insides. */
export interface PlainError {
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly position?: string | undefined
}

/** Makes an error ready to cross the line. */
export function toPlain(error: unknown): PlainError {
  if (isFairleadError(error)) return { code: error.code, message: error.message, position: error.position }
  return { code: undefined, message: error instanceof Error ? error.message : String(error) }
}

/** Makes an error that crossed the line one again. */
export function fromPlain({ code, message, position }: PlainError): Error {
  if (code === undefined) return new Error(message)
  return new FairleadError(code, message, position === undefined ? {} : { position })
}
