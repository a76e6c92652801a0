import type { StoredEvent } from '../../hub/channel-log.ts'
import type { Clock } from '../../hub/clock.ts'
import { FairleadError } from '../../protocol/index.ts'
import { Queue } from '../queue.ts'
import { type WakeUp, wakeUp } from '../wake-up.ts'
import type { LogAge } from './ages.ts'
import { Appends, type Outcome, settle, type WaitingAppend } from './appends.ts'
import { commitFailure, failStop } from './commit-failure.ts'
import type { LastingKeys } from './keys.ts'
import type { Ledger } from './ledger.ts'
import { Trimmer } from './trimmer.ts'

/** Appends of one commit at most. */
const appendsAtOnce = 1_000
/** Appends that wait for a commit at most, and the bytes of their payloads; more are refused as `busy`. */
const waitingLimit = 20_000
const waitingBytes = 64 * 1024 * 1024
/** A disk that takes longer for one commit is as good as gone, in milliseconds. */
const commitDeadlineMs = 30_000
/** How often channels with a time of their own are looked at, in milliseconds. */
const sweepEveryMs = 1_000

/** What a committer tells the log. */
export interface CommitListener {
  /** The event is on disk. */
  event(event: StoredEvent): void
  /** The disk is out of reach, or was. */
  unavailable(lost: boolean): void
}

/**
 * Writes appends in commits, one at a time: those of one turn, and those that came while the one before was written,
 * share one. Trims in between.
 */
export class Committer {
  readonly #ledger: Ledger
  readonly #keys: LastingKeys
  readonly #clock: Clock
  readonly #age: LogAge
  readonly #listener: CommitListener
  readonly #appends: Appends
  readonly #trimmer: Trimmer
  readonly #wakeUp: WakeUp
  #waiting = new Queue<WaitingAppend>()
  #waitingBytes = 0
  #scheduled = false
  /** The commit that is being written. */
  #running: Promise<void> | undefined
  /** Why nothing is taken any more. */
  #refusal: FairleadError | undefined
  /** Why nothing is taken until the disk has answered. */
  #stalled: FairleadError | undefined
  /** The latest commit found no room: nothing is trimmed again before the next upkeep. */
  #full = false

  constructor(ledger: Ledger, keys: LastingKeys, age: LogAge, clock: Clock, listener: CommitListener) {
    this.#ledger = ledger
    this.#keys = keys
    this.#clock = clock
    this.#age = age
    this.#listener = listener
    const overfull = new Set<string>()
    this.#appends = new Appends(ledger, keys, overfull)
    this.#trimmer = new Trimmer(ledger, age, overfull)
    this.#wakeUp = wakeUp(clock, () => this.#upkeep())
    this.#upkeep()
  }

  /** Whether the log was given up after a write that failed. */
  get failed(): boolean {
    return this.#refusal !== undefined
  }

  /** Whether something waits for the disk. */
  get busy(): boolean {
    return this.#scheduled || this.#running !== undefined
  }

  add(append: WaitingAppend): void {
    const size = append.event.payload.length
    const refusal = this.#refusal ?? this.#stalled
    if (refusal) return append.reject(refusal)
    if (this.#waiting.length >= waitingLimit || this.#waitingBytes + size > waitingBytes) {
      return append.reject(new FairleadError('busy', 'More is published than the disk can take: try again.'))
    }
    this.#waiting.push(append)
    this.#waitingBytes += size
    this.#schedule()
  }

  /** Takes nothing more, and resolves when nothing is being written. */
  async close(): Promise<void> {
    this.#wakeUp.cancel()
    this.#refuse(this.#refusal ?? new FairleadError('unavailable', 'The log is closed.'))
    await this.#running
  }

  #refuse(error: FairleadError): void {
    this.#refusal = error
    this.#rejectWaiting(error)
  }

  #rejectWaiting(error: FairleadError): void {
    this.#waitingBytes = 0
    for (let append = this.#waiting.shift(); append; append = this.#waiting.shift()) append.reject(error)
  }

  /** After the turn's other appends. */
  #schedule(): void {
    if (this.#scheduled || this.#running !== undefined) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    if (this.#refusal) return
    this.#running = this.#write().finally(() => {
      this.#running = undefined
      if (this.#waiting.length > 0 || this.#mustTrim()) this.#schedule()
    })
  }

  /** Makes one commit of what waits, and of a slice of what is to go. */
  async #write(): Promise<void> {
    const now = this.#clock.now()
    const appends = this.#take()
    let outcomes: Outcome[]
    try {
      outcomes = appends.map((append) => this.#appends.decide(append, now))
      this.#trimmer.trim(now, appends.length)
      this.#keys.write(now)
      if (this.#ledger.changes.size > 0) await this.#commit(appends)
    } catch (thrown) {
      return this.#failed(thrown, appends)
    }
    this.#full = false
    this.#keys.committed(now)
    this.#settle(outcomes)
    this.#wakeUp.by(this.#nextUpkeep(now))
  }

  async #commit(appends: readonly WaitingAppend[]): Promise<void> {
    const cancel = this.#clock.after(commitDeadlineMs, () => this.#stall(appends))
    await this.#ledger.commit().finally(cancel)
    if (!this.#stalled) return
    this.#stalled = undefined
    this.#listener.unavailable(false)
  }

  /** Nobody waits for ever: what becomes of these appends is seen when the disk answers, in the log and by their keys. */
  #stall(appends: readonly WaitingAppend[]): void {
    const message = `The disk has not answered for ${commitDeadlineMs / 1000} s; whether this was stored is not known yet. Check the disk; try again with the same key.`
    this.#stalled = new FairleadError('unavailable', message)
    for (const append of appends) append.reject(this.#stalled)
    this.#rejectWaiting(this.#stalled)
    this.#listener.unavailable(true)
  }

  #settle(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.event) this.#listener.event(outcome.event)
      settle(outcome)
    }
  }

  async #failed(thrown: unknown, appends: readonly WaitingAppend[]): Promise<void> {
    this.#ledger.undo()
    this.#keys.undo()
    const failure = await commitFailure(thrown, this.#ledger.store.folder)
    for (const append of appends) append.reject(failure.error)
    this.#full = failure.full
    if (failure.full) return this.#wakeUp.by(this.#clock.now() + sweepEveryMs)
    this.#refuse(failure.error)
    this.#listener.unavailable(true)
  }

  #take(): WaitingAppend[] {
    const taken: WaitingAppend[] = []
    for (let append = this.#waiting.shift(); append; append = this.#waiting.shift()) {
      taken.push(append)
      this.#waitingBytes -= append.event.payload.length
      if (taken.length === appendsAtOnce) break
    }
    return taken
  }

  #mustTrim(): boolean {
    if (this.#refusal || this.#full) return false
    try {
      return this.#trimmer.due(this.#clock.now())
    } catch (error) {
      this.#refuse(failStop(error))
      return false
    }
  }

  /** Looks for what has grown too old since. */
  #upkeep(): void {
    if (this.#running !== undefined || this.#refusal) {
      this.#wakeUp.by(this.#clock.now() + sweepEveryMs)
      return
    }
    const now = this.#clock.now()
    this.#full = false
    this.#trimmer.sweep(now)
    if (this.#mustTrim()) this.#schedule()
    this.#wakeUp.by(this.#nextUpkeep(now))
  }

  #nextUpkeep(now: number): number {
    return this.#ledger.state.aging ? now + sweepEveryMs : this.#age.nextLook
  }
}
