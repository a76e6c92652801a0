import type { Clock } from '../../hub/clock.ts'
import type { NatsPlace } from './link.ts'

/** Where the log is and what it keeps at most; whichever bound is met first counts. */
export interface NatsLogOptions extends NatsPlace {
  /** The stream's name, made when there is none; also the first token of its subjects. @default 'fairlead' */
  readonly stream?: string | undefined
  /**
   * Servers of a JetStream cluster that hold the stream. From 3 on an event is answered when most of them have it
   * (`replicated`), and the log lives on without one of them. More than one needs nats-server 2.10 or newer: 2.9 may use
   * offsets twice when it loses a leader, of which the log warns. @default 1
   */
  readonly replicas?: number | undefined
  /**
   * `file`: survives the death of the server's process (`os`), but the system writes it to the disk later, by default
   * within two minutes: a power failure can take that much. `memory`: gone with the process. @default 'file'
   */
  readonly storage?: 'file' | 'memory' | undefined
  /** Events in all. @default no bound but `bytes` */
  readonly events?: number | undefined
  /**
   * What the stream takes, in bytes, with about 150 for each event beside its payload. JetStream sets them aside when the
   * stream is made. @default 1 GiB
   */
  readonly bytes?: number | undefined
  /** Age of an event, in milliseconds. @default 24 hours */
  readonly ageMs?: number | undefined
  /** With `events`: channels without events of which it is known how far they went; of others: no further than the rest. @default 10,000 */
  readonly channels?: number | undefined
  /** Idempotency keys remembered at a time, each for 10 minutes. @default 1,000,000 */
  readonly keys?: number | undefined
  /** A call that has no answer by then fails with `unavailable`, in milliseconds. @default 5,000 */
  readonly timeoutMs?: number | undefined
  /** @default the machine's own clock */
  readonly clock?: Clock | undefined
}

/** The same, complete. */
export interface NatsLogSettings {
  readonly stream: string
  readonly replicas: number
  readonly storage: 'file' | 'memory'
  readonly events: number
  readonly bytes: number
  readonly ageMs: number
  readonly channels: number
  readonly keys: number
  readonly timeoutMs: number
}

/** Fills in what was left out. Throws `RangeError` for what cannot be. */
export function settingsOf(options: NatsLogOptions): NatsLogSettings {
  const stream = options.stream ?? 'fairlead'
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(stream)) {
    throw new RangeError('natsLog: stream is 1 to 64 of A-Z a-z 0-9 _ -, for it is part of subjects.')
  }
  return {
    stream,
    replicas: bound('replicas', options.replicas, 1),
    storage: options.storage ?? 'file',
    events: bound('events', options.events, Number.POSITIVE_INFINITY),
    bytes: bound('bytes', options.bytes, 1024 ** 3),
    ageMs: bound('ageMs', options.ageMs, 24 * 60 * 60_000),
    channels: bound('channels', options.channels, 10_000),
    keys: bound('keys', options.keys, 1_000_000),
    timeoutMs: bound('timeoutMs', options.timeoutMs, 5_000),
  }
}

function bound(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard
  if (value >= 0) return value
  throw new RangeError(`natsLog: ${name} is a number from 0, not ${value}.`)
}
