import type { ByeReason, ControlMessage } from '../protocol/index.ts'
import type { StoredEvent } from './channel-log.ts'

/** How one wire writes an event. Its bytes are made once per event and shared by all connections of the wire. */
export interface Encoding {
  /** Names the encoding: equal names, equal bytes. */
  readonly name: string
  encode(event: StoredEvent, epoch: string): Buffer
  /** Makes a batch out of the bytes that the encoding `of` joined, where that is more than joining: once for all. */
  readonly pack?: (batch: Buffer) => Buffer
  readonly of?: Encoding
}

/** What the hub needs of a connection; reading from it is the transport's own matter. */
export interface Connection {
  readonly encoding: Encoding
  /** How the events of these channels are written, where not all are written alike. @default encoding */
  encodingOf?(channels: readonly string[]): Encoding
  /** Bytes that the socket has not yet taken. */
  readonly backlogBytes: number
  /** Bytes of events and messages that were handed to the socket. */
  readonly writtenBytes: number
  /** The socket has asked to wait: the session is told by `drained` when it takes more. */
  readonly blocked: boolean
  /**
   * Takes a batch of so many bytes to be sent past the socket: answers its descriptor, which holds until anything else runs,
   * or -1 where the batch has to be written. A connection without this is always written to.
   */
  direct?(bytes: number): number
  /** The descriptor took only so many bytes of a batch: writes the rest. */
  rest?(batch: Buffer, taken: number): void
  /** Writes a batch of events; the same buffer goes to many connections and must not be changed. */
  write(batch: Buffer): void
  /** Writes what is not an event. */
  control(message: ControlMessage): void
  /** Between `cork` and `uncork` a connection gathers what is written, for one write to its socket. */
  cork(): void
  uncork(): void
  /** Says `bye` if the socket takes it, and ends. */
  end(reason: ByeReason, retryMs: number): void
}
