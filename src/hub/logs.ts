import { FairleadError, matchPattern } from '../protocol/index.ts'
import type { TopicHub } from './topic-hub.ts'

const cached = 10_000

/**
 * The logs of a server, each with its topics: one for everything, and others, by channel pattern, for those who outgrow
 * one Redis primary or one stream. Each has its own epoch and order: what is one list in offset order lies in one log.
 */
export class Logs {
  readonly #rest: TopicHub
  readonly #byPattern: readonly (readonly [pattern: string, topics: TopicHub])[]
  readonly #found = new Map<string, TopicHub>()

  /** The first pattern that covers a channel counts; `rest` has all that none covers. */
  constructor(rest: TopicHub, byPattern: readonly (readonly [pattern: string, topics: TopicHub])[]) {
    this.#rest = rest
    this.#byPattern = byPattern
  }

  /** The topics of each log, the one for everything first. */
  get all(): readonly TopicHub[] {
    return [...new Set([this.#rest, ...this.#byPattern.map(([, topics]) => topics)])]
  }

  /** The topics of the log that keeps a channel. */
  of(channel: string): TopicHub {
    if (this.#byPattern.length === 0) return this.#rest
    let found = this.#found.get(channel)
    if (!found) {
      found = this.#byPattern.find(([pattern]) => matchPattern(pattern, channel))?.[1] ?? this.#rest
      // Names come from outside: the cache is emptied rather than left to grow.
      if (this.#found.size >= cached) this.#found.clear()
      this.#found.set(channel, found)
    }
    return found
  }

  /** The channels of each log. */
  groups(channels: readonly string[]): Map<TopicHub, string[]> {
    const groups = new Map<TopicHub, string[]>()
    for (const channel of channels) {
      const topics = this.of(channel)
      const group = groups.get(topics)
      if (group) group.push(channel)
      else groups.set(topics, [channel])
    }
    return groups
  }

  /** The log of all these channels. Throws `several_logs` when there are several: they have no position in common. */
  ofAll(channels: readonly string[]): TopicHub {
    if (this.#byPattern.length === 0) return this.#rest
    const [first, ...others] = this.groups(channels)
    if (others.length === 0) return first?.[0] ?? this.#rest
    const lists = [first!, ...others].map(([, group]) => group.join(' '))
    throw new FairleadError(
      'several_logs',
      `These channels are kept in ${lists.length} logs, which have no position in common. Open a stream for each: ${lists.join(' | ')}.`,
    )
  }
}
