import type { Msg, Subscription } from '@nats-io/transport-node'
import { type Deadline, outOfReach } from './deadline.ts'
import type { NatsLink } from './link.ts'
import type { StreamMessage } from './message.ts'
import { ApiError, deliveredMessage, type StreamApi } from './stream-api.ts'

/** A consumer that nobody asks is removed by JetStream after so long, in nanoseconds. */
const idleNs = 10_000_000_000
/** JetStream forgets a request for messages by then, in milliseconds. */
const pullMs = 2_000

/** What to read of a stream. */
export interface ScanStart {
  readonly stream: string
  /** One subject; without it, all. */
  readonly subject?: string | undefined
  /** From this sequence on, or from this time on (milliseconds since the epoch). */
  readonly from: { readonly seq: number } | { readonly time: number }
  readonly headersOnly?: boolean | undefined
}

/**
 * A stretch of a stream read in its order, by a consumer of JetStream that lives as long as the reading. Such a
 * consumer can be on a server that is behind the stream's leader: whoever reads asks the leader how far to go.
 */
export class Scan {
  /** How many messages there were from the start on. */
  readonly pending: number
  readonly #link: NatsLink
  readonly #stream: string
  readonly #name: string
  readonly #inbox: string
  readonly #subscription: Subscription
  #take: (message: Msg) => void = () => {}
  #left: number

  private constructor(
    link: NatsLink,
    stream: string,
    { name, num_pending }: { name: string; num_pending?: number },
  ) {
    this.#link = link
    this.#stream = stream
    this.#name = name
    this.pending = num_pending ?? 0
    this.#left = this.pending
    this.#inbox = link.inbox()
    this.#subscription = link.subscribe(this.#inbox, (message) => this.#take(message))
  }

  static async open(link: NatsLink, api: StreamApi, start: ScanStart, deadline: Deadline): Promise<Scan> {
    const config = {
      ...('seq' in start.from
        ? { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(1, start.from.seq) }
        : { deliver_policy: 'by_start_time', opt_start_time: new Date(start.from.time).toISOString() }),
      ...(start.subject === undefined ? {} : { filter_subject: start.subject }),
      ...(start.headersOnly ? { headers_only: true } : {}),
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: idleNs,
      mem_storage: true,
      num_replicas: 1,
    }
    const made = await api.ask<{ name: string; num_pending?: number }>(
      `CONSUMER.CREATE.${start.stream}`,
      { stream_name: start.stream, config },
      deadline,
    )
    return new Scan(link, start.stream, made)
  }

  /** The next messages, `most` at most; fewer when no more came for a while. Throws `unavailable`. */
  async next(most: number, deadline: Deadline): Promise<StreamMessage[]> {
    // JetStream waits with a request for more than there is.
    const count = Math.max(1, Math.min(most, this.#left))
    const messages: StreamMessage[] = []
    const done = new Promise<void>((resolve, reject) => {
      this.#take = (message) => {
        const status = message.headers?.code ?? 0
        // 404 and 408: no more for now. 409: the consumer is gone, with the server that it was on.
        if (status === 404 || status === 408) resolve()
        else if (status >= 400) reject(outOfReach(new ApiError({ code: status })))
        else if (status === 0) messages.push(deliveredMessage(message))
        if (messages.length === count) resolve()
      }
    })
    const pull = { batch: count, expires: Math.min(pullMs, Math.max(10, deadline.left)) * 1_000_000 }
    this.#link.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`, JSON.stringify(pull), {
      reply: this.#inbox,
    })
    await deadline.race(done)
    this.#left -= messages.length
    return messages
  }

  close(): void {
    this.#take = () => {}
    this.#subscription.unsubscribe()
    this.#link.publish(`$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`, '')
  }
}
