import type { FairleadError } from '../protocol/errors.ts'
import type { TransportName } from './transports/stream.ts'

/** What the client's connection is doing, and why. */
export interface ClientState {
  /**
   * - `idle`: there is nothing to read.
   * - `connecting`: a stream is being opened.
   * - `open`: a message was seen on the stream in use.
   * - `waiting`: for the time to try again.
   * - `closed`: for good.
   */
  readonly phase: 'idle' | 'connecting' | 'open' | 'waiting' | 'closed'
  /** For a person, in plain words. */
  readonly reason: string
  /** Of `open`: the transport in use. */
  readonly transport?: TransportName
  /** Of `waiting`: how long, in milliseconds. */
  readonly retryMs?: number
  /** Of `closed`, unless the application closed it. */
  readonly error?: FairleadError
}
