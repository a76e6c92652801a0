import type { Deadline } from './deadline.ts'
import type { NatsLink } from './link.ts'
import type { StreamMessage } from './message.ts'
import type { NatsLogSettings } from './options.ts'
import type { Standing } from './standing.ts'
import type { StreamApi } from './stream-api.ts'

/** A subject's newest message, and the header with which a publish depends on there being no newer one. */
export interface Expectation {
  readonly last: StreamMessage | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** Makes publishes depend on what was read before. */
export class Expectations {
  readonly #link: NatsLink
  readonly #api: StreamApi
  readonly #standing: Standing
  readonly #settings: NatsLogSettings

  constructor(link: NatsLink, api: StreamApi, standing: Standing, settings: NatsLogSettings) {
    this.#link = link
    this.#api = api
    this.#standing = standing
    this.#settings = settings
  }

  /** Reads a subject's newest message. */
  async of(subject: string, deadline: Deadline): Promise<Expectation> {
    const { stream, replicas } = this.#settings
    // Up to 2.11 several servers compare a subject's sequence with what is stored, not with what is on its way: tried on
    // 2.9.10, 28 of 30 publishes at once were taken. They do compare the stream's own, which any append moves on.
    const wholeStream = replicas > 1 && !this.#link.isAtLeast(2, 12)
    const head = wholeStream ? (await this.#standing.look(deadline)).head : 0
    const last = await this.#api.last(stream, subject, deadline)
    const headers: Record<string, string> = { 'Nats-Expected-Last-Subject-Sequence': `${last?.seq ?? 0}` }
    if (wholeStream && last) headers['Nats-Expected-Last-Sequence'] = `${head}`
    return { last, headers }
  }
}
