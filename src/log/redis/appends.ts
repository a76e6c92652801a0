import type { Redis } from 'ioredis'
import type { Appended, AppendOptions, NewEvent } from '../../hub/channel-log.ts'
import { FairleadError, formatPosition } from '../../protocol/index.ts'
import { keyedAppend } from '../keyed-append.ts'
import { entryOf } from './entry.ts'
import { closed, outOfReach } from './line.ts'
import { type Reply, textOf } from './reply.ts'
import type { Settings } from './settings.ts'
import { type Store, scripts } from './store.ts'

/** Events in one script, and their bytes: Redis serves nobody else meanwhile. */
const batchLimits = { events: 128, bytes: 512 * 1024 }
/** Scripts that are on their way at a time: one runs while the next is read. */
const onTheWay = 2
/** Appends that wait, and their bytes; beyond it `busy`. */
const waitingLimits = { events: 20_000, bytes: 64 * 1024 * 1024 }
/** How exactly a deadline is kept, in milliseconds. */
const sweepMs = 100

/** An append that waits for its answer. */
interface Append {
  /** In the order of the calls. */
  readonly number: number
  readonly channel: string
  readonly entry: string | Buffer
  readonly wish: string
  readonly bytes: number
  readonly due: number
  readonly kept: boolean
  resolve(appended: Appended): void
  reject(error: unknown): void
}

interface Batch {
  readonly appends: readonly Append[]
  readonly redis: Redis
}

/** Appends in the order of their calls, those of one turn in one script. None is sent a second time unless it was refused. */
export class Appends {
  readonly #store: Store
  readonly #settings: Settings
  #waiting: Append[] = []
  #waitingBytes = 0
  #count = 0
  readonly #sent = new Set<Batch>()
  /** What was refused goes before what came later: nothing is sent while it is being seen to. */
  #held = 0
  #scheduled = false
  #connecting = false
  #sweeping = false
  #closed = false

  constructor(store: Store, settings: Settings) {
    this.#store = store
    this.#settings = settings
  }

  append(event: NewEvent, options: AppendOptions): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed()
      const entry = entryOf(event)
      const bytes = entry.length
      if (this.#waiting.length >= waitingLimits.events || this.#waitingBytes + bytes > waitingLimits.bytes) {
        throw new FairleadError('busy', 'As many appends wait for Redis as may: try again later.')
      }
      const due = this.#settings.clock.now() + this.#settings.deadlineMs
      const kept = options.retention !== 'none'
      const wish = wishOf(event, options)
      this.#waiting.push({
        number: this.#count++,
        channel: event.channel,
        entry,
        wish,
        bytes,
        due,
        kept,
        resolve,
        reject,
      })
      this.#waitingBytes += bytes
      this.#sweepLater()
      this.#schedule()
    })
  }

  close(): void {
    this.#closed = true
    for (const append of this.#waiting.splice(0)) append.reject(closed())
  }

  /** After all of the present turn's appends. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#sent.size < onTheWay && this.#held === 0 && !this.#closed) {
      const redis = this.#store.line.redis
      if (!redis) return this.#connect()
      void this.#send({ appends: this.#take(), redis })
    }
  }

  #connect(): void {
    if (this.#connecting) return
    this.#connecting = true
    void this.#store.line
      .ready(this.#settings.deadlineMs)
      .then(
        () => true,
        (error) => {
          // What a person has to set is said at once; all else may come back before the deadline.
          if (error instanceof FairleadError && error.code === 'internal') {
            for (const append of this.#take(Number.POSITIVE_INFINITY)) append.reject(error)
          }
        },
      )
      .then(() => {
        this.#connecting = false
        this.#pump()
      })
  }

  #take(most: number = batchLimits.events): Append[] {
    let bytes = 0
    let count = 0
    for (const append of this.#waiting) {
      bytes += append.bytes
      if (count > 0 && (count >= most || (bytes > batchLimits.bytes && most !== Number.POSITIVE_INFINITY)))
        break
      count++
    }
    const taken = this.#waiting.splice(0, count)
    for (const append of taken) this.#waitingBytes -= append.bytes
    return taken
  }

  async #send(batch: Batch): Promise<void> {
    const { appends, redis } = batch
    this.#sent.add(batch)
    try {
      const reply = await this.#run(redis, appends)
      if (textOf(reply[0]) === 'ok' && (await this.#store.settled(redis, reply))) {
        await this.#replicated(redis)
        this.#settle(appends, reply)
      } else {
        this.#hold(appends, this.#store.settled(redis, reply))
      }
    } catch (error) {
      this.#hold(appends, this.#recovered(redis, error))
    }
    this.#sent.delete(batch)
    this.#pump()
  }

  #run(redis: Redis, appends: readonly Append[]): Promise<readonly Reply[]> {
    const { events, bytes, channels, keys } = this.#settings
    const args: (string | Buffer)[] = [...[events, bytes, channels, keys].map(wordOf), this.#store.announcer]
    for (const { channel, entry, wish } of appends) args.push(channel, entry, wish)
    return this.#store.send(redis, scripts.append, args)
  }

  /** Waits for the replicas that were asked for. */
  async #replicated(redis: Redis): Promise<void> {
    const { waitReplicas, deadlineMs } = this.#settings
    if (waitReplicas === 0) return
    const confirmed = await redis.wait(waitReplicas, Math.max(1, Math.floor(deadlineMs / 2)))
    if (confirmed < waitReplicas) {
      throw new FairleadError(
        'unavailable',
        `${confirmed} of ${waitReplicas} replicas confirmed the event in time. It is in the log: try again with its key.`,
      )
    }
  }

  /** Puts refused appends back to the front as soon as what they were refused for was seen to. */
  #hold(appends: readonly Append[], seenTo: Promise<unknown>): void {
    this.#held++
    // Among others that were refused, in the order in which they were sent.
    const later = this.#waiting.findIndex(({ number }) => number > appends[0]!.number)
    this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, ...appends)
    for (const { bytes } of appends) this.#waitingBytes += bytes
    void seenTo
      .catch((error) => {
        for (const append of appends) this.#refuse(append, error)
      })
      .then(() => {
        this.#held--
        this.#pump()
      })
  }

  #refuse(append: Append, error: unknown): void {
    const at = this.#waiting.indexOf(append)
    if (at >= 0) this.#waitingBytes -= this.#waiting.splice(at, 1)[0]!.bytes
    append.reject(error)
  }

  /** Whether appends that failed were certainly not done; throws what they fail with. */
  async #recovered(redis: Redis, error: unknown): Promise<void> {
    if (error instanceof FairleadError) throw error
    if (!(await this.#store.refusedAppend(redis, error))) {
      throw new FairleadError(
        'unavailable',
        'Redis did not answer: whether the event was appended is not known. Try again with its key.',
      )
    }
  }

  #settle(appends: readonly Append[], reply: readonly Reply[]): void {
    const { durability } = this.#store
    const epoch = textOf(reply[1])
    appends.forEach((append, i) => {
      const answer = reply[i + 3]!
      if (typeof answer === 'number') {
        append.resolve({ offset: append.kept ? answer : null, epoch, durability, repeated: false })
        return
      }
      const [what, number] = answer as readonly Reply[]
      const offset = Number(number)
      if (textOf(what) === 'repeated') {
        append.resolve({ offset: offset === 0 ? null : offset, epoch, durability, repeated: true })
      } else append.reject(refusal(textOf(what), epoch, offset))
    })
  }

  #sweepLater(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#settings.clock.after(sweepMs, () => {
      this.#sweeping = false
      this.#sweep()
      if (this.#waiting.length > 0 || this.#sent.size > 0) this.#sweepLater()
    })
  }

  #sweep(): void {
    const now = this.#settings.clock.now() + sweepMs
    for (const { appends, redis } of this.#sent) {
      if (appends[0]!.due <= now) this.#store.line.drop(redis, new Error('no answer in time'))
    }
    for (const append of this.#waiting.filter(({ due }) => due <= now)) {
      this.#refuse(append, outOfReach(this.#store.line.reason))
    }
  }
}

function refusal(what: string, epoch: string, last: number): FairleadError {
  if (what === 'conflict') {
    return new FairleadError('conflict', 'The channel went on after the position that was expected.', {
      position: formatPosition(epoch, last),
    })
  }
  if (what === 'mismatch') {
    return new FairleadError('idempotency_mismatch', 'This key was used before, with other content.')
  }
  return new FairleadError('busy', 'The log remembers as many idempotency keys as it may: try again later.')
}

/** What an append depends on, in the words of the script; '' when it is nothing. */
function wishOf(event: NewEvent, options: AppendOptions): string {
  const { key, after, retention } = options
  if (key === undefined && after === undefined && retention === undefined) return ''
  const keyed = keyedAppend(event, options)
  // 160 and 130 bits of the digests are enough to tell a million apart.
  const scope = keyed ? keyed.scope.slice(0, 27) + keyed.fingerprint.slice(0, 22) : '-'
  if (after === undefined && retention === undefined) return scope
  const { count, ageMs } = retention === 'none' ? {} : (retention ?? {})
  return [
    scope,
    after && /^[a-z0-9]+$/.test(after.epoch) ? after.epoch : '-',
    after ? wordOf(after.offset) : '-',
    count === undefined || count === Number.POSITIVE_INFINITY ? '-' : wordOf(count),
    ageMs === undefined || ageMs === Number.POSITIVE_INFINITY ? '-' : wordOf(ageMs),
    retention === 'none' ? '1' : '0',
  ].join(' ')
}

/** A number as the scripts read it. */
export function wordOf(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'inf' : String(value)
}
