import type { Msg, Subscription } from '@nats-io/transport-node'
import type { StoredEvent } from '../../hub/channel-log.ts'
import type { Clock } from '../../hub/clock.ts'
import { AnnouncementOrder } from './announcement-order.ts'
import type { Deadline } from './deadline.ts'
import type { NatsLink } from './link.ts'
import { eventOf, parseHead } from './message.ts'
import type { NatsLogSettings } from './options.ts'
import type { Standing } from './standing.ts'
import type { Subjects } from './subjects.ts'

/** What comes of the announcements. */
export interface AnnouncementEvents {
  /** An event of a channel that is subscribed to, in the order of the log. */
  announce(event: StoredEvent): void
  /** One of an epoch came that is not the one that is known. */
  otherEpoch(): void
  /** Some may be missing before those that come now. */
  missed(): void
}

/** What the stream announces as it stores it, heard over the one connection. */
export class Announcements {
  readonly #link: NatsLink
  readonly #subjects: Subjects
  readonly #standing: Standing
  readonly #settings: NatsLogSettings
  readonly #events: AnnouncementEvents
  readonly #order: AnnouncementOrder
  readonly #channels = new Map<string, Subscription | undefined>()
  /** Of all channels, where announcements have to be put in order. */
  #whole: Subscription | undefined
  #closed = false

  constructor(
    link: NatsLink,
    subjects: Subjects,
    standing: Standing,
    settings: NatsLogSettings,
    clock: Clock,
    events: AnnouncementEvents,
  ) {
    this.#link = link
    this.#subjects = subjects
    this.#standing = standing
    this.#settings = settings
    this.#events = events
    this.#order = new AnnouncementOrder(clock, () => events.missed())
  }

  /** Resolves when no later event of the channel can be missed. */
  async subscribe(channel: string, deadline: Deadline): Promise<void> {
    await this.#link.connected(deadline)
    if (!this.#channels.has(channel)) this.#open(channel)
    await this.#link.flush(deadline)
    if (this.#whole && !this.#order.isGoing) this.from((await this.#standing.look(deadline)).head)
  }

  unsubscribe(channel: string): void {
    const subscription = this.#channels.get(channel)
    this.#channels.delete(channel)
    end(subscription)
  }

  /** Everything up to `offset` is read from the log. */
  from(offset: number): void {
    if (this.#whole) this.#order.from(offset)
  }

  /** The connection is there again; one that was closed for good has taken its subscriptions along. */
  up(): void {
    this.#order.restart()
    const isNew = [...this.#channels.values(), this.#whole].some((each) => each?.isClosed())
    if (!isNew) return
    this.#whole = undefined
    for (const channel of this.#channels.keys()) this.#open(channel)
  }

  close(): void {
    this.#closed = true
    this.#order.restart()
    for (const subscription of [...this.#channels.values(), this.#whole]) end(subscription)
    this.#channels.clear()
  }

  #open(channel: string): void {
    if (!this.#overtakes) {
      this.#channels.set(
        channel,
        this.#link.subscribe(this.#subjects.feed(channel), (each) => this.#hear(each)),
      )
      return
    }
    this.#channels.set(channel, undefined)
    this.#whole ??= this.#link.subscribe(this.#subjects.wholeFeed, (each) => this.#hear(each))
  }

  /**
   * Before 2.10 a server without replicas announces outside of the lock in which it stores: of two connections that
   * publish at once, the later event can come first. Which one is missing shows only to who hears all of them.
   */
  get #overtakes(): boolean {
    return this.#whole !== undefined || (this.#settings.replicas === 1 && !this.#link.isAtLeast(2, 10))
  }

  #hear(message: Msg): void {
    if (this.#closed) return
    const { headers, subject } = message
    // The stream of keys and the servers themselves announce what is not kept, on the same subjects.
    if (headers?.get('Nats-Stream') !== this.#settings.stream) return this.#hearPassing(message)
    const { epoch, channel } = this.#subjects.parseFeed(subject)
    if (epoch !== this.#standing.epoch) return this.#events.otherEpoch()
    const offset = Number(headers.get('Nats-Sequence'))
    this.#standing.saw(offset)
    const give = () => {
      // A mark of trimming has no channel.
      if (channel !== undefined && this.#channels.has(channel)) this.#give(channel, message, offset)
    }
    if (this.#whole) this.#order.take(offset, give)
    else give()
  }

  #give(channel: string, { headers, data }: Msg, offset: number): void {
    const head = parseHead(headers)
    if (!head) return
    const prev = Number(headers?.get('Nats-Last-Sequence')) || this.#standing.floor
    this.#events.announce(eventOf(channel, head, data, offset, prev))
  }

  #hearPassing({ headers, subject, data }: Msg): void {
    const { channel } = this.#subjects.parseFeed(subject)
    const head = parseHead(headers)
    if (!head || channel === undefined || !this.#channels.has(channel)) return
    this.#events.announce(eventOf(channel, head, data, null, 0))
  }
}

function end(subscription: Subscription | undefined): void {
  if (subscription && !subscription.isClosed()) subscription.unsubscribe()
}
