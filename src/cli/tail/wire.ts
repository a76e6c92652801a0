import { type ControlMessage, type EventMessage, parseServerMessage } from '../../protocol/index.ts'

/** Where to start reading: nothing given means from now on. */
export interface TailStart {
  readonly after?: string | undefined
  readonly last?: number | undefined
}

/** What is read. */
export interface TailTarget {
  /** The channel's URL; of a plain stream the URL as it was given. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

/** An event; on a plain stream without what only the envelope has. */
export type TailEvent = Omit<EventMessage, 'channel' | 'time'> & { channel?: string; time?: number }

/** A server's message with its own text, which is shown as it came: parsed and written again, digits could change. */
export interface TailMessage {
  readonly text: string
  readonly message: TailEvent | ControlMessage
}

/** One connection. */
export interface TailConnection {
  readonly target: TailTarget
  readonly start: TailStart
  /** Aborts when the connection is to end. */
  readonly signal: AbortSignal
  /** Says something about the stream itself. */
  tell(note: string): void
  /** The connection is there; the first message says so as well. */
  onOpen(): void
  /** The server named the delay before the next connection (`retry:`). */
  onRetry(retryMs: number): void
}

/**
 * Reads one connection until it ends. Throws `CommandError` when there is no use in another one, `TemporaryError` or
 * anything else when there is.
 */
export type TailWire = (connection: TailConnection) => AsyncIterable<TailMessage>

/** Reads an envelope: a list of one, or of none when it is nothing that a reader shows. */
export function readEnvelope(text: string): TailMessage[] {
  const message = parseServerMessage(text)
  return message === undefined || message.op === 'ok' || message.op === 'error' ? [] : [{ text, message }]
}
