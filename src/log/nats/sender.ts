import { FairleadError } from '../../protocol/index.ts'
import { type Deadline, outOfReach } from './deadline.ts'
import { RequestFailure } from './link.ts'
import type { Standing } from './standing.ts'
import { ApiError, apiErrors, type PublishAck, type StreamApi } from './stream-api.ts'

/** A send whose repetition does no harm is repeated when there was no answer for so long, in milliseconds. */
const patienceMs = 1_500

/** What to send to a stream. */
export interface Message {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** What became of a send: it was taken in this epoch, or refused because the subject's newest message is another. */
export type Sent = { readonly epoch: string; readonly ack: PublishAck } | 'wrong-last'

/** Publishes to the log's streams, each message under the epoch that is known to stand at that moment. */
export class Sender {
  readonly #api: StreamApi
  readonly #standing: Standing

  constructor(api: StreamApi, standing: Standing) {
    this.#api = api
    this.#standing = standing
  }

  /**
   * Sends until it was taken or refused; `make` is asked again each time. What may have been stored is only sent again
   * if it is `repeatable`. Throws `unavailable`, `storage_full`, or what `make` throws.
   */
  async send(
    make: (epoch: string) => Message | Promise<Message>,
    repeatable: boolean,
    deadline: Deadline,
  ): Promise<Sent> {
    for (;;) {
      const epoch = await this.#standing.ready(deadline)
      const message = await make(epoch)
      // Asking took a while: what was found may be of an epoch that is over.
      if (epoch !== this.#standing.epoch) continue
      try {
        const timeoutMs = repeatable ? patienceMs : undefined
        const { subject, data, headers } = message
        return { epoch, ack: await this.#api.publish(subject, data, headers, deadline, timeoutMs) }
      } catch (error) {
        const outcome = this.#judge(error, repeatable)
        if (outcome === 'wrong-last') return outcome
      }
      await deadline.pause(100)
    }
  }

  /** What an error of a send comes to: refused for good, or to be tried again. Throws all else. */
  #judge(error: unknown, repeatable: boolean): 'wrong-last' | 'again' {
    if (error instanceof RequestFailure) {
      this.#standing.doubt()
      if (error.notTaken || repeatable) return 'again'
      throw outOfReach(error)
    }
    if (!(error instanceof ApiError)) throw error
    if (isOneOf(error, apiErrors.wrongLast)) return 'wrong-last'
    if (isOneOf(error, apiErrors.full)) {
      throw new FairleadError(
        'storage_full',
        'JetStream has no room for the event: see its max_file_store and disk.',
        {
          cause: error,
        },
      )
    }
    if (error.number === apiErrors.duplicateInProcess || error.status === 503) return 'again'
    throw new FairleadError('unavailable', `JetStream refused the event: ${error.message}.`, { cause: error })
  }
}

function isOneOf(error: ApiError, numbers: readonly number[]): boolean {
  return numbers.includes(error.number)
}
