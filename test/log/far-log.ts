import type {
  Appended,
  AppendOptions,
  ChannelHead,
  ChannelLog,
  Feed,
  FeedSink,
  LogHead,
  LogPage,
  NewEvent,
  ReadFrom,
  ReadLimits,
  StoredEvent,
} from '../../src/hub/channel-log.ts'
import { FairleadError, isFairleadError, parsePosition } from '../../src/protocol/index.ts'
import { seededRandom } from '../../src/testing/clock.ts'

/** Only every third offset is used, as if others wrote to the same sequence. */
const stride = 3

/**
 * A log as one on another machine looks: every call takes a while, those made at once overtake each other, the feed
 * comes later and on its own, and offsets have holes. It shows that the cases ask for nothing that only a log in
 * memory can do.
 */
export class FarLog implements ChannelLog {
  readonly durability
  readonly #near: ChannelLog
  readonly #random: () => number

  constructor(near: ChannelLog, seed: number) {
    this.#near = near
    this.durability = near.durability
    this.#random = seededRandom(seed)
  }

  async append(event: NewEvent, options: AppendOptions = {}): Promise<Appended> {
    // What is sent is what was given at the call.
    const payload = typeof event.payload === 'string' ? event.payload : event.payload.slice()
    const after = options.after && { ...options.after, offset: Math.floor(options.after.offset / stride) }
    await this.#travel()
    const answer = await this.#near.append({ ...event, payload }, { ...options, after }).catch(farther)
    await this.#travel()
    return { ...answer, offset: answer.offset && answer.offset * stride }
  }

  async read(from: readonly ReadFrom[], bounds: ReadLimits, signal?: AbortSignal): Promise<LogPage> {
    await this.#travel()
    const { offset: head } = await this.#near.head(signal)
    const nearFrom = from.map(({ channel, after }) => ({
      channel,
      after: after > head * stride ? head + 1 : Math.floor(after / stride),
    }))
    const until = bounds.until === undefined ? undefined : Math.floor(bounds.until / stride)
    const page = await this.#near.read(nearFrom, { ...bounds, until })
    await this.#travel()
    return {
      events: page.events.map(far),
      reached: page.reached * stride,
      more: page.more,
      gaps: page.gaps.map((gap) => ({ ...gap, earliest: gap.earliest * stride })),
      head: page.head * stride,
    }
  }

  async head(signal?: AbortSignal): Promise<LogHead> {
    await this.#travel()
    const { epoch, offset } = await this.#near.head(signal)
    return { epoch, offset: offset * stride }
  }

  async channelHead(channel: string, count?: number, signal?: AbortSignal): Promise<ChannelHead> {
    await this.#travel()
    const { epoch, offset, last, earliest, newest } = await this.#near.channelHead(channel, count, signal)
    return {
      epoch,
      offset: offset * stride,
      last: last * stride,
      earliest: earliest * stride,
      newest: newest * stride,
    }
  }

  follow(sink: FeedSink): Feed {
    const travel = () => this.#travel()
    const watched = new Set<string>()
    let position = 0
    let line = Promise.resolve()
    const arrive = async (event: StoredEvent) => {
      await travel()
      if (watched.has(event.channel)) sink.event(event)
      position = event.offset ?? position
    }
    const near = this.#near.follow({
      event: (event) => {
        line = line.then(() => arrive(far(event)))
      },
      epoch: (epoch) => sink.epoch(epoch),
      unavailable: (lost) => sink.unavailable(lost),
    })
    return {
      async watch(channel) {
        await travel()
        watched.add(channel)
        const from = await near.watch(channel)
        await travel()
        return from * stride
      },
      unwatch: (channel) => watched.delete(channel),
      get position() {
        return position
      },
    }
  }

  close(): Promise<void> {
    return this.#near.close()
  }

  async #travel(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function far(event: StoredEvent): StoredEvent {
  return { ...event, offset: event.offset && event.offset * stride, prev: event.prev * stride }
}

function farther(error: unknown): never {
  if (!isFairleadError(error) || error.position === undefined) throw error
  const { epoch, offset } = parsePosition(error.position)
  throw new FairleadError(error.code, error.message, { position: `${epoch}.${offset * stride}` })
}
