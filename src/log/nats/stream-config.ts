import { FairleadError } from '../../protocol/index.ts'
import { rememberMs } from '../keyed-append.ts'
import type { NatsLogSettings } from './options.ts'
import type { StreamConfig } from './stream-api.ts'
import type { Subjects } from './subjects.ts'

/** What the log writes into its stream's description, as JSON: it is made and changed in one step with the stream. */
export interface Inscription {
  /** The version of the form in which the log keeps its events. */
  readonly fairlead: 1
  readonly epoch: string
  /** The stream's last sequence when the epoch began: what stands up to there belongs to epochs that are over. */
  readonly begun: number
}

/** The bytes of keys, and of events that are kept for their keys alone. */
const keysBytes = 256 * 1024 * 1024
const nanoseconds = 1_000_000

/** The configuration of a log's stream. */
export function logStream(
  settings: NatsLogSettings,
  subjects: Subjects,
  inscription: Inscription,
): StreamConfig {
  return {
    ...common(settings),
    name: settings.stream,
    description: JSON.stringify(inscription),
    subjects: subjects.taken(inscription.epoch),
    republish: subjects.announcing,
    discard: 'old',
    // Beyond the events that are shown, the last ones of channels that have none left: they tell how far those went.
    max_msgs: Number.isFinite(settings.events) ? Math.max(1, settings.events + settings.channels) : -1,
    max_bytes: Number.isFinite(settings.bytes) ? settings.bytes : -1,
    // JetStream recognizes no key beyond the age of its events; younger ones are hidden by the log itself.
    max_age: Number.isFinite(settings.ageMs) ? Math.max(settings.ageMs, rememberMs) * nanoseconds : 0,
  }
}

/** The configuration of the stream that remembers keys. */
export function keysStream(settings: NatsLogSettings, subjects: Subjects): StreamConfig {
  return {
    ...common(settings),
    name: keysName(settings),
    description: 'Idempotency keys of the log beside it.',
    subjects: subjects.keys,
    republish: subjects.announcingOnce,
    // To forget a key early would append its event twice.
    discard: 'new',
    max_msgs: Number.isFinite(settings.keys) ? settings.keys : -1,
    max_bytes: Math.min(settings.bytes, keysBytes),
    max_age: rememberMs * nanoseconds,
  }
}

export function keysName(settings: NatsLogSettings): string {
  return `${settings.stream}_keys`
}

function common({ storage, replicas }: NatsLogSettings) {
  return {
    retention: 'limits',
    storage,
    num_replicas: replicas,
    max_consumers: -1,
    max_msg_size: -1,
    max_msgs_per_subject: -1,
    duplicate_window: rememberMs * nanoseconds,
    // Reading asks the leader: another server of the cluster may be behind.
    allow_direct: false,
  }
}

/** Reads a stream's inscription. Throws for a stream that is not a log, or one of a newer version. */
export function inscriptionOf({ name, description }: StreamConfig): Inscription {
  let found: Partial<Inscription> = {}
  try {
    found = JSON.parse(description ?? '') as Partial<Inscription>
  } catch {} // Some other stream.
  const { fairlead, epoch, begun } = found as { fairlead?: number } & Partial<Inscription>
  if (fairlead === 1 && epoch !== undefined && begun !== undefined) return { fairlead, epoch, begun }
  throw new FairleadError(
    'unavailable',
    fairlead === undefined
      ? `The stream ${name} is not a log of Fairlead: give natsLog another \`stream\`.`
      : `The stream ${name} is of a newer version of Fairlead: update the package.`,
  )
}

/** The configuration with the limits that the options ask for; the same object when it has them. */
export function withLimits(present: StreamConfig, wanted: StreamConfig): StreamConfig {
  const { max_msgs, max_bytes, max_age, num_replicas } = wanted
  const same =
    present.max_msgs === max_msgs &&
    present.max_bytes === max_bytes &&
    present.max_age === max_age &&
    present.num_replicas >= num_replicas
  if (same) return present
  return {
    ...present,
    max_msgs,
    max_bytes,
    max_age,
    num_replicas: Math.max(present.num_replicas, num_replicas),
  }
}

/** Throws when the stream's storage is not the one that the log's durability was named after. */
export function assertStorage(present: StreamConfig, { storage }: NatsLogSettings): void {
  if (present.storage === storage) return
  throw new FairleadError(
    'unavailable',
    `The stream ${present.name} keeps its events in ${present.storage}: tell natsLog so with \`storage\`, or give it another \`stream\`.`,
  )
}
