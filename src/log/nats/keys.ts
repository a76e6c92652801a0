import { FairleadError } from '../../protocol/index.ts'
import type { KeyedAppend } from '../keyed-append.ts'
import type { Deadline } from './deadline.ts'
import type { StreamApi } from './stream-api.ts'
import type { Subjects } from './subjects.ts'

/** What was answered when a key was first used. */
export interface FirstAnswer {
  readonly offset: number | null
  readonly epoch: string
}

/** The same as it is kept, with what stood for the sender's bytes. */
interface KeyRecord extends FirstAnswer {
  readonly fingerprint: string
}

/**
 * What was answered under each key, in a stream of its own that forgets after 10 minutes. The log's stream itself
 * decides which append of a key is the first; this outlives the event when that is trimmed.
 */
export class KeyRecords {
  readonly #api: StreamApi
  readonly #subjects: Subjects
  readonly #stream: string
  readonly #deadline: () => Deadline
  readonly #writing = new Set<Promise<unknown>>()

  constructor(api: StreamApi, subjects: Subjects, stream: string, deadline: () => Deadline) {
    this.#api = api
    this.#subjects = subjects
    this.#stream = stream
    this.#deadline = deadline
  }

  /** The first answer under this key; `undefined` for a new one, as far as is recorded. Throws `idempotency_mismatch`. */
  async find(keyed: KeyedAppend, deadline: Deadline): Promise<FirstAnswer | undefined> {
    const message = await this.#api.last(this.#stream, this.#subjects.key(keyed.scope), deadline)
    if (!message) return undefined
    const record = JSON.parse(Buffer.from(message.data).toString()) as KeyRecord
    assertSame(keyed, record.fingerprint)
    return record
  }

  /** Records a first answer, while the append is answered: until then the log's stream knows the key by itself. */
  remember({ scope, fingerprint }: KeyedAppend, { offset, epoch }: FirstAnswer): void {
    const record: KeyRecord = { fingerprint, offset, epoch }
    const writing = this.#api
      .publish(this.#subjects.key(scope), JSON.stringify(record), {}, this.#deadline())
      .catch(() => {}) // It is only missed when the event is trimmed within the 10 minutes and NATS restarts, too.
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing)
  }
}

/** Throws `idempotency_mismatch` when a key was used with other content. */
export function assertSame(keyed: KeyedAppend, fingerprint: string | undefined): void {
  if (fingerprint === keyed.fingerprint) return
  throw new FairleadError('idempotency_mismatch', 'This key was used before, with other content.')
}
