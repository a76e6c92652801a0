import type { ChannelLog, Feed, FeedSink } from '../src/hub/channel-log.ts'
import type { LoadTransport } from '../src/load/subscribers.ts'
import { forkSubscribers } from '../src/load/subscribers-process.ts'
import { memoryLog } from '../src/log/memory.ts'
import { createServer } from '../src/server/create-server.ts'

/** What it took to bring readers up to date. */
export interface Reconnect {
  readonly readers: number
  /** Calls of the log's `read` from the first connection to the last event. */
  readonly reads: number
  /** Events that came to all readers, against what they missed together. */
  readonly received: number
  readonly missed: number
  readonly milliseconds: number
}

/**
 * Lets readers of one channel miss some events, starts the server anew on the same log (it holds nothing in memory
 * then) and has them come back all at once, in a process of their own. Counts how often the log is read for them.
 */
export async function reconnect(
  transport: LoadTransport,
  readers: number,
  missed: number,
): Promise<Reconnect> {
  const log = new CountingLog(memoryLog())
  let server = createServer({ dev: true, log })
  const { url, port } = await server.listen({ port: 0 })
  const subscribers = forkSubscribers({ transport, count: readers, urls: [`${url}/live/news`] })
  const publish = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await server.channel('news').publish('item', { i, text: 'x'.repeat(60) })
  }
  try {
    const { open, failure } = await subscribers.open()
    if (open < readers) throw new Error(`${open} of ${readers} readers are connected: ${failure}`)
    await publish(1)
    await subscribers.reached(1)
    await subscribers.cut()
    await publish(missed)
    await server.close()
    server = createServer({ dev: true, log })
    await server.listen({ port })
    const before = log.reads
    const began = performance.now()
    await subscribers.open()
    const { events } = await subscribers.reached(1 + missed)
    const milliseconds = performance.now() - began
    return {
      readers,
      reads: log.reads - before,
      received: events - readers,
      missed: missed * readers,
      milliseconds,
    }
  } finally {
    subscribers.close()
    await server.close()
  }
}

/** A log that counts its reads and outlives its servers, which follow it one after the other. */
class CountingLog implements ChannelLog {
  reads = 0
  readonly durability
  readonly #log: ChannelLog
  #sink: FeedSink | undefined
  #feed: Feed | undefined

  constructor(log: ChannelLog) {
    this.#log = log
    this.durability = log.durability
  }

  append: ChannelLog['append'] = (...given) => this.#log.append(...given)

  read: ChannelLog['read'] = (...given) => {
    this.reads++
    return this.#log.read(...given)
  }

  head: ChannelLog['head'] = (...given) => this.#log.head(...given)

  channelHead: ChannelLog['channelHead'] = (...given) => this.#log.channelHead(...given)

  follow(sink: FeedSink): Feed {
    this.#sink = sink
    this.#feed ??= this.#log.follow({
      event: (event) => this.#sink!.event(event),
      epoch: (epoch) => this.#sink!.epoch(epoch),
      unavailable: (lost) => this.#sink!.unavailable(lost),
    })
    return this.#feed
  }

  async close(): Promise<void> {}
}
