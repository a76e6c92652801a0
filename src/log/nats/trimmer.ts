import type { Retention } from '../../hub/channel-log.ts'
import type { ChannelEnds } from './channel-end.ts'
import type { Deadline } from './deadline.ts'
import type { Expectations } from './expectation.ts'
import type { Standing } from './standing.ts'
import type { StreamApi } from './stream-api.ts'
import type { Subjects } from './subjects.ts'

/** A channel is trimmed after as many appends as it keeps, but not after fewer than these: each time costs requests. */
const fewest = 200
/** Channels whose appends are counted at a time; beyond it the one that was counted first starts again. */
const countedChannels = 10_000

/**
 * Removes what channels with a retention of their own no longer show. It is hidden from the moment of the append on, by
 * whoever reads; this only gives back its room. A mark says how far it went before anything is gone, so that a
 * position below it is known to have missed something.
 */
export class Trimmer {
  readonly #api: StreamApi
  readonly #subjects: Subjects
  readonly #standing: Standing
  readonly #ends: ChannelEnds
  readonly #expectations: Expectations
  readonly #stream: string
  readonly #deadline: () => Deadline
  readonly #appends = new Map<string, number>()
  readonly #due = new Set<string>()
  #working: Promise<void> | undefined

  constructor(
    api: StreamApi,
    subjects: Subjects,
    standing: Standing,
    ends: ChannelEnds,
    expectations: Expectations,
    stream: string,
    deadline: () => Deadline,
  ) {
    this.#api = api
    this.#subjects = subjects
    this.#standing = standing
    this.#ends = ends
    this.#expectations = expectations
    this.#stream = stream
    this.#deadline = deadline
  }

  /** Counts an append; after enough of them the channel is trimmed in the background. */
  appended(channel: string, retention: Retention | undefined): void {
    if (retention === undefined || retention === 'none') return
    if (retention.count === undefined && retention.ageMs === undefined) return
    const appends = (this.#appends.get(channel) ?? 0) + 1
    this.#appends.delete(channel)
    if (appends < Math.max(fewest, retention.count ?? 0)) {
      this.#appends.set(channel, appends)
      if (this.#appends.size > countedChannels) this.#appends.delete(this.#appends.keys().next().value!)
      return
    }
    this.#due.add(channel)
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  /** Resolves when nothing is on its way any more; what is due is left. */
  async settled(): Promise<void> {
    this.#due.clear()
    await this.#working
  }

  async #work(): Promise<void> {
    for (const channel of this.#due) {
      this.#due.delete(channel)
      // It stays hidden, and is removed another time.
      await this.#trim(channel, this.#deadline()).catch(() => {})
    }
  }

  async #trim(channel: string, deadline: Deadline): Promise<void> {
    const look = await this.#standing.look(deadline)
    const end = await this.#ends.end(channel, look, deadline)
    const earliest = await this.#ends.earliest(end, look, deadline)
    if (earliest <= look.floor) return
    // The mark has to be at an event that stays: a reader that sees nothing of the channel has then missed nothing.
    const kept = await this.#api.next(this.#stream, end.subject, earliest, deadline)
    if (kept?.seq !== earliest) return
    const seq = await this.#mark(channel, look.epoch, earliest, deadline)
    if (seq === undefined) return
    await this.#api.purge(this.#stream, end.subject, earliest, deadline)
    await this.#api.purge(this.#stream, this.#subjects.mark(look.epoch, channel), seq, deadline)
  }

  /** Writes the mark, unless there is one that is further; never over one that another server wrote meanwhile. */
  async #mark(
    channel: string,
    epoch: string,
    offset: number,
    deadline: Deadline,
  ): Promise<number | undefined> {
    const subject = this.#subjects.mark(epoch, channel)
    const { last, headers } = await this.#expectations.of(subject, deadline)
    if (last && Number(Buffer.from(last.data).toString()) >= offset) return undefined
    const { seq } = await this.#api.publish(subject, `${offset}`, headers, deadline)
    return seq
  }
}
