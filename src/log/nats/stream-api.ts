import type { Msg } from '@nats-io/transport-node'
import { FairleadError } from '../../protocol/index.ts'
import { type Deadline, outOfReach } from './deadline.ts'
import { type NatsLink, RequestFailure } from './link.ts'
import { headName, type MessageHead, parseHead, type StreamMessage } from './message.ts'

/** A question is asked again when there was no answer for so long, in milliseconds: a leader may have been lost with it. */
const askAgainMs = 1_500

/** What JetStream says when it refuses. */
export class ApiError extends Error {
  /** JetStream's own number of the error. */
  readonly number: number
  readonly status: number

  constructor({ code, err_code, description }: { code: number; err_code?: number; description?: string }) {
    super(description)
    this.number = err_code ?? 0
    this.status = code
  }
}

/** The numbers of the errors that are told apart. */
export const apiErrors = {
  noMessage: 10037,
  noStream: 10059,
  nameInUse: 10058,
  wrongLast: [10071, 10164],
  duplicateInProcess: 10158,
  /** Memory, disk, or the account's share of them. */
  full: [10002, 10023, 10028, 10047, 10077],
} as const

/** A stream's configuration as JetStream has it. */
export interface StreamConfig {
  readonly name: string
  readonly description?: string
  readonly subjects: readonly string[]
  readonly max_msgs: number
  readonly max_bytes: number
  readonly max_age: number
  readonly storage: 'file' | 'memory'
  readonly num_replicas: number
  readonly [other: string]: unknown
}

/** What is known of a stream. */
export interface StreamInfo {
  readonly config: StreamConfig
  readonly state: { readonly first_seq: number; readonly last_seq: number; readonly messages: number }
}

/** The answer to a publish. */
export interface PublishAck {
  readonly seq: number
  readonly duplicate?: boolean
}

interface RawMessage {
  readonly subject: string
  readonly seq: number
  readonly hdrs?: string
  readonly data?: string
  readonly time: string
}

/** The requests to JetStream that the log makes, over a plain connection: what 2.9 understands and every later one. */
export class StreamApi {
  readonly #link: NatsLink

  constructor(link: NatsLink) {
    this.#link = link
  }

  info(stream: string, deadline: Deadline): Promise<StreamInfo> {
    return this.ask(`STREAM.INFO.${stream}`, '', deadline)
  }

  create(config: StreamConfig, deadline: Deadline): Promise<StreamInfo> {
    return this.ask(`STREAM.CREATE.${config.name}`, config, deadline)
  }

  update(config: StreamConfig, deadline: Deadline): Promise<StreamInfo> {
    return this.ask(`STREAM.UPDATE.${config.name}`, config, deadline)
  }

  /** The newest message of a subject, asked of the stream's leader. */
  last(stream: string, subject: string, deadline: Deadline): Promise<StreamMessage | undefined> {
    return this.#message(stream, { last_by_subj: subject }, deadline)
  }

  /** The first message of a subject from a sequence on. */
  next(stream: string, subject: string, seq: number, deadline: Deadline): Promise<StreamMessage | undefined> {
    return this.#message(stream, { next_by_subj: subject, seq }, deadline)
  }

  at(stream: string, seq: number, deadline: Deadline): Promise<StreamMessage | undefined> {
    return this.#message(stream, { seq }, deadline)
  }

  /** Removes a subject's messages below `seq`. */
  async purge(stream: string, filter: string, seq: number, deadline: Deadline): Promise<void> {
    await this.ask(`STREAM.PURGE.${stream}`, { filter, seq }, deadline)
  }

  /**
   * Publishes to a stream. Throws `ApiError` when it was refused; `RequestFailure` when there is no stream, or when it
   * is not known what was done.
   */
  async publish(
    subject: string,
    payload: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    deadline: Deadline,
    timeoutMs?: number,
  ): Promise<PublishAck> {
    const made = this.#link.headers(headers)
    return parse(await this.#link.request(subject, payload, deadline, made, timeoutMs))
  }

  /** Throws `ApiError`, or `unavailable`; nobody there is tried again, for a leader may be on its way. */
  async ask<Answer>(what: string, body: unknown, deadline: Deadline): Promise<Answer> {
    const text = body === '' ? '' : JSON.stringify(body)
    for (;;) {
      try {
        return parse(await this.#link.request(`$JS.API.${what}`, text, deadline, undefined, askAgainMs))
      } catch (error) {
        if (error instanceof ApiError && error.status !== 503) throw error
        if (error instanceof FairleadError) throw error
        if (error instanceof RequestFailure && deadline.left === 0) throw outOfReach(error)
      }
      await deadline.pause(100)
    }
  }

  async #message(stream: string, query: unknown, deadline: Deadline): Promise<StreamMessage | undefined> {
    try {
      const { message } = await this.ask<{ message: RawMessage }>(`STREAM.MSG.GET.${stream}`, query, deadline)
      return storedMessage(message)
    } catch (error) {
      if (error instanceof ApiError && error.number === apiErrors.noMessage) return undefined
      throw error
    }
  }
}

function parse<Answer>(message: Msg): Answer {
  const answer = message.json<Answer & { error?: { code: number } }>()
  if (answer.error) throw new ApiError(answer.error)
  return answer
}

function storedMessage({ subject, seq, hdrs, data, time }: RawMessage): StreamMessage {
  return {
    seq,
    subject,
    storedAt: Date.parse(time),
    head: hdrs === undefined ? undefined : headOfText(Buffer.from(hdrs, 'base64').toString('utf8')),
    data: Buffer.from(data ?? '', 'base64'),
  }
}

/** A stored message's headers come as their text. */
function headOfText(text: string): MessageHead | undefined {
  const line = text.split('\r\n').find((each) => each.startsWith(`${headName}:`))
  return line === undefined ? undefined : (JSON.parse(line.slice(headName.length + 1)) as MessageHead)
}

/** A message that a consumer delivered: where it stands is in its reply subject. */
export function deliveredMessage(message: Msg): StreamMessage {
  const parts = (message.reply ?? '').split('.')
  // $JS.ACK.[domain.account.]stream.consumer.delivered.SEQUENCE.consumer sequence.NANOSECONDS.pending[.token]
  const at = parts.length === 9 ? 5 : 7
  return {
    seq: Number(parts[at]),
    subject: message.subject,
    storedAt: Math.floor(Number(parts[at + 2]) / 1_000_000),
    head: parseHead(message.headers),
    data: message.data,
  }
}
