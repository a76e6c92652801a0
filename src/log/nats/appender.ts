import type { Appended, AppendOptions, NewEvent } from '../../hub/channel-log.ts'
import type { Clock } from '../../hub/clock.ts'
import {
  type Durability,
  FairleadError,
  formatPosition,
  isFairleadError,
  type Position,
} from '../../protocol/index.ts'
import { type KeyedAppend, keyedAppend } from '../keyed-append.ts'
import { type Deadline, outOfReach } from './deadline.ts'
import type { Expectations } from './expectation.ts'
import { assertSame, type FirstAnswer, type KeyRecords } from './keys.ts'
import type { NatsLink } from './link.ts'
import { headName, headOf, type StreamMessage } from './message.ts'
import type { Message, Sender, Sent } from './sender.ts'
import type { Standing } from './standing.ts'
import type { PublishAck, StreamApi } from './stream-api.ts'
import { epochOf, type Subjects } from './subjects.ts'
import type { Trimmer } from './trimmer.ts'

/** What appending needs. */
export interface AppenderParts {
  readonly link: NatsLink
  readonly api: StreamApi
  readonly subjects: Subjects
  readonly standing: Standing
  readonly sender: Sender
  readonly keys: KeyRecords
  readonly trimmer: Trimmer
  readonly expectations: Expectations
  readonly clock: Clock
  readonly durability: Durability
  readonly stream: string
  readonly keysStream: string
}

/** One append on its way. */
interface Append {
  readonly event: NewEvent
  readonly options: AppendOptions
  readonly data: Uint8Array
  readonly head: string
  readonly keyed: KeyedAppend | undefined
  /** Tells this append from another under the same key. */
  readonly attempt: string | undefined
  readonly deadline: Deadline
}

/** Appends to the log. JetStream itself decides which of several comes first, and which of one key. */
export class Appender {
  readonly #parts: AppenderParts

  constructor(parts: AppenderParts) {
    this.#parts = parts
  }

  async append(event: NewEvent, options: AppendOptions, deadline: Deadline): Promise<Appended> {
    const append = this.#prepare(event, options, deadline)
    const epoch = await this.#parts.standing.ready(deadline)
    if (options.retention !== 'none') return this.#store(append)
    if (append.keyed) return this.#passOnce(append)
    if (options.after) await this.#expected(append, options.after, epoch)
    await this.#pass(append)
    return this.#answer({ offset: null, epoch }, false)
  }

  /** Everything that the caller could still change is copied at once. */
  #prepare(event: NewEvent, options: AppendOptions, deadline: Deadline): Append {
    const keyed = keyedAppend(event, options)
    const { clock } = this.#parts
    const attempt = keyed && clock.random().toString(36).slice(2)
    return {
      event,
      options,
      data: typeof event.payload === 'string' ? Buffer.from(event.payload) : Buffer.from(event.payload),
      head: JSON.stringify(headOf(event, clock.now(), options.retention, keyed, attempt)),
      keyed,
      attempt,
      deadline,
    }
  }

  async #store(append: Append): Promise<Appended> {
    const { keyed, deadline } = append
    const { sender, keys, standing } = this.#parts
    const first = keyed && (await keys.find(keyed, deadline))
    if (first) return this.#answer(first, true)
    for (;;) {
      let known = 0
      const make = async (epoch: string) => {
        const message = await this.#message(append, epoch)
        known = standing.known
        return message
      }
      let sent: Sent
      try {
        sent = await sender.send(make, keyed !== undefined, deadline)
      } catch (error) {
        return this.#firstInstead(append, error)
      }
      // Another was first: where the channel stands now says whether that is a conflict.
      if (sent === 'wrong-last') {
        await deadline.pause(this.#parts.clock.random() * 10)
        continue
      }
      if (sent.ack.duplicate) return this.#repeated(append, sent.epoch, sent.ack)
      return this.#stored(append, sent.epoch, sent.ack, known)
    }
  }

  async #stored(
    { event, options, keyed, deadline }: Append,
    epoch: string,
    { seq }: PublishAck,
    known: number,
  ): Promise<Appended> {
    const { standing, keys, trimmer } = this.#parts
    if (epoch === standing.epoch && seq <= known) {
      // The stream lost its end unnoticed: this offset was given before.
      await standing.renew(epoch, deadline)
      throw outOfReach()
    }
    if (epoch === standing.epoch) standing.saw(seq)
    const first = { offset: seq, epoch }
    if (keyed) keys.remember(keyed, first)
    trimmer.appended(event.channel, options.retention)
    return this.#answer(first, false)
  }

  async #message(append: Append, epoch: string): Promise<Message> {
    const { event, options, keyed } = append
    const headers: Record<string, string> = { [headName]: append.head }
    if (keyed) headers['Nats-Msg-Id'] = keyed.scope
    if (options.after) Object.assign(headers, await this.#expected(append, options.after, epoch))
    return { subject: this.#parts.subjects.event(epoch, event.channel), data: append.data, headers }
  }

  /** The headers for an append after a position. Throws `conflict` when the channel is beyond it. */
  async #expected(
    { event, deadline }: Append,
    after: Position,
    epoch: string,
  ): Promise<Readonly<Record<string, string>>> {
    const { expectations, standing, subjects } = this.#parts
    const { last, headers } = await expectations.of(subjects.event(epoch, event.channel), deadline)
    const reached = last?.seq ?? (await standing.look(deadline)).floor
    if (after.epoch === epoch && after.offset >= reached) return headers
    throw new FairleadError('conflict', 'The channel went on after the position that was expected.', {
      position: formatPosition(epoch, reached),
    })
  }

  /** A conflict under a key can be with the first append of that key, which is then the answer. */
  async #firstInstead(append: Append, error: unknown): Promise<Appended> {
    const { keyed, deadline, options, event } = append
    if (!keyed || !options.after || !isFairleadError(error) || error.code !== 'conflict') throw error
    const { api, keys, subjects, stream } = this.#parts
    const recorded = await keys.find(keyed, deadline)
    if (recorded) return this.#answer(recorded, true)
    // Not yet recorded, it is the first after the position that it expected.
    const subject = subjects.event(options.after.epoch, event.channel)
    const next = await api.next(stream, subject, options.after.offset + 1, deadline)
    if (next?.head?.k !== keyed.scope) throw error
    return this.#answerOf(append, keyed, next)
  }

  /** JetStream knew the key: the event that it stored first is the answer. */
  async #repeated(append: Append, epoch: string, { seq }: PublishAck): Promise<Appended> {
    const { api, keys, stream } = this.#parts
    const keyed = append.keyed!
    const message = await api.at(stream, seq, append.deadline)
    if (message?.head?.k === keyed.scope) return this.#answerOf(append, keyed, message)
    const recorded = await keys.find(keyed, append.deadline)
    return this.#answer(recorded ?? { offset: seq, epoch }, true)
  }

  #answerOf({ attempt }: Append, keyed: KeyedAppend, { seq, subject, head }: StreamMessage): Appended {
    assertSame(keyed, head?.f)
    const first = { offset: seq, epoch: epochOf(subject) }
    this.#parts.keys.remember(keyed, first)
    // Its own: the answer to an earlier try was lost.
    return this.#answer(first, head?.x !== attempt)
  }

  /** Announces an event that nothing keeps. */
  async #pass({ event, data, head, deadline }: Append): Promise<void> {
    const { link, subjects } = this.#parts
    await link.connected(deadline)
    link.publish(subjects.passing(event.channel), data, { headers: link.headers({ [headName]: head }) })
    await link.flush(deadline)
  }

  /** Announces an event once under its key: the stream that remembers the key is the one that announces it. */
  async #passOnce(append: Append): Promise<Appended> {
    const { event, data, head, keyed, attempt, deadline, options } = append
    const { api, subjects, sender, keysStream, standing } = this.#parts
    const subject = subjects.passingOnce(event.channel, keyed!.scope)
    const headers = { [headName]: head, 'Nats-Expected-Last-Subject-Sequence': '0' }
    const earlier = options.after && (await api.last(keysStream, subject, deadline))
    if (options.after && !earlier) {
      await this.#expected(append, options.after, await standing.ready(deadline))
    }
    const sent = await sender.send(() => ({ subject, data, headers }), true, deadline)
    if (sent !== 'wrong-last') return this.#answer({ offset: null, epoch: sent.epoch }, false)
    const first = await api.last(keysStream, subject, deadline)
    if (first) assertSame(keyed!, first.head?.f)
    const epoch = await standing.ready(deadline)
    return this.#answer({ offset: null, epoch }, first?.head?.x !== attempt)
  }

  #answer({ offset, epoch }: FirstAnswer, repeated: boolean): Appended {
    return { offset, epoch, durability: this.#parts.durability, repeated }
  }
}
