import type { Clock } from '../../hub/clock.ts'
import { FairleadError } from '../../protocol/index.ts'
import { Deadline } from './deadline.ts'
import type { NatsLogSettings } from './options.ts'
import { ApiError, apiErrors, type StreamApi, type StreamConfig, type StreamInfo } from './stream-api.ts'
import {
  assertStorage,
  type Inscription,
  inscriptionOf,
  keysStream,
  logStream,
  withLimits,
} from './stream-config.ts'
import type { Subjects } from './subjects.ts'

/** How long a stream may say that it is less far than was seen, in milliseconds: a new leader may still be reading. */
const doubtMs = 1_500

/** Servers that begin a new epoch do so within so long of each other, in milliseconds. */
const staggerMs = 250

/** Where the log stands, as its stream said when it was asked. */
export interface Look {
  readonly epoch: string
  /** The newest offset of the log. */
  readonly head: number
  /** JetStream may have removed any event up to here. */
  readonly floor: number
  /** Events up to here are no longer shown. */
  readonly hidden: number
}

/** What it tells. */
export interface StandingEvents {
  /** A new epoch began, and the log stands at `head`. Comes before any answer that is of it. */
  epoch(epoch: string, head: number): void
  /** There is doubt: the other servers are asked how far they saw the log. */
  doubted(): void
  /** Resolves when the other servers have said how far they saw the log, as far as they are there. */
  gathered(): Promise<void>
}

/**
 * The epoch and how far the log is. Nothing is appended before the stream was found to be the one that was known, at
 * least as far as anyone was told: anew after each disturbance.
 */
export class Standing {
  readonly #settings: NatsLogSettings
  readonly #subjects: Subjects
  readonly #api: StreamApi
  readonly #clock: Clock
  readonly #events: StandingEvents
  #inscription: Inscription | undefined
  /** Epochs that are over: few, for each is a loss. */
  readonly #past = new Set<string>()
  /** The newest offset of the epoch that was seen, from whomever. */
  #known = 0
  #floor = 0
  /** How often there was doubt, and how many of those times have been settled. */
  #doubts = 1
  #settled = 0
  #verifying: Promise<void> | undefined
  #hasKeys = false

  constructor(
    settings: NatsLogSettings,
    subjects: Subjects,
    api: StreamApi,
    clock: Clock,
    events: StandingEvents,
  ) {
    this.#settings = settings
    this.#subjects = subjects
    this.#api = api
    this.#clock = clock
    this.#events = events
  }

  /** The epoch as it was last seen; `undefined` before anything was. */
  get epoch(): string | undefined {
    return this.#inscription?.epoch
  }

  /** The newest offset that was seen. */
  get known(): number {
    return this.#known
  }

  /** Everything that JetStream removed was below, when it was last asked. */
  get floor(): number {
    return this.#floor
  }

  /** Something happened after which the stream may be another: it is asked before the next append. */
  doubt(): void {
    this.#doubts++
    this.#hasKeys = false
    this.#events.doubted()
  }

  /** An offset of the present epoch was seen. */
  saw(offset: number): void {
    if (offset > this.#known) this.#known = offset
  }

  /** The epoch to append in. Throws `unavailable` when the stream cannot be asked in time. */
  async ready(deadline: Deadline): Promise<string> {
    while (this.#settled !== this.#doubts) {
      this.#verifying ??= this.#verify().finally(() => {
        this.#verifying = undefined
      })
      await deadline.race(this.#verifying)
    }
    return this.#inscription!.epoch
  }

  /** Asks where the log stands. */
  async look(deadline: Deadline): Promise<Look> {
    for (;;) {
      await this.ready(deadline)
      const known = this.#known
      const epoch = this.epoch
      try {
        const info = await this.#api.info(this.#settings.stream, deadline)
        if (epoch === this.epoch && this.#agrees(info, known)) return this.#lookAt(info)
        if (epoch !== this.epoch) continue
      } catch (error) {
        if (!(error instanceof ApiError) || error.number !== apiErrors.noStream) throw error
      }
      this.doubt()
    }
  }

  /** The log lost something that cannot be found again: all begins anew. */
  async renew(epoch: string, deadline: Deadline): Promise<void> {
    if (epoch !== this.epoch) return
    await this.#beginEpoch(epoch, deadline)
    this.doubt()
    await this.ready(deadline)
  }

  #lookAt({ state }: StreamInfo): Look {
    this.saw(state.last_seq)
    const { begun, epoch } = this.#inscription!
    this.#floor = Math.max(begun, state.first_seq - 1)
    const hidden = Math.max(this.#floor, state.last_seq - this.#settings.events)
    return { epoch, head: state.last_seq, floor: this.#floor, hidden }
  }

  /** Whether this is the epoch that is known, as far as it was before the question. */
  #agrees({ config, state }: StreamInfo, known: number): boolean {
    return inscriptionOf(config).epoch === this.epoch && state.last_seq >= known
  }

  async #verify(): Promise<void> {
    const deadline = new Deadline(this.#clock, this.#settings.timeoutMs)
    const doubted = new Deadline(this.#clock, doubtMs)
    for (;;) {
      await this.#events.gathered()
      const doubts = this.#doubts
      const known = this.#known
      const info = await this.#open(deadline)
      const { epoch } = inscriptionOf(info.config)
      const isNew = epoch !== this.epoch && !this.#past.has(epoch)
      if (isNew) this.#adopt(info)
      if (isNew || this.#agrees(info, known)) {
        this.#lookAt(info)
        this.#settled = doubts
        return
      }
      // The stream is less far than it was, or in an epoch that was over: older files were put in its place.
      if (doubted.left > 0 && this.#settings.replicas > 1) await deadline.pause(100)
      else await this.#beginEpoch(epoch, deadline)
    }
  }

  /** The stream's own word on the epoch is taken over: whoever wrote it, all servers end with the same. */
  #adopt(info: StreamInfo): void {
    const before = this.epoch
    this.#inscription = inscriptionOf(info.config)
    this.#known = info.state.last_seq
    this.#lookAt(info)
    if (before === undefined) return
    this.#past.add(before)
    this.#events.epoch(this.#inscription.epoch, this.#known)
  }

  /** Others see the same loss at the same moment: who is not the first takes over what the first has written. */
  async #beginEpoch(lacking: string, deadline: Deadline): Promise<void> {
    await deadline.pause(this.#clock.random() * staggerMs)
    const { config, state } = await this.#api.info(this.#settings.stream, deadline)
    if (inscriptionOf(config).epoch !== lacking) return
    const inscription = this.#newInscription(state.last_seq)
    const { description, subjects } = logStream(this.#settings, this.#subjects, inscription)
    await this.#api.update({ ...config, description: description!, subjects }, deadline)
  }

  #newInscription(begun: number): Inscription {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
    const letter = () => letters[Math.floor(this.#clock.random() * letters.length)]
    return { fairlead: 1, epoch: Array.from({ length: 8 }, letter).join(''), begun }
  }

  /** The log's stream, made or brought to the limits that are wanted. */
  async #open(deadline: Deadline): Promise<StreamInfo> {
    const wanted = logStream(this.#settings, this.#subjects, this.#newInscription(0))
    const info = await this.#ensure(wanted, deadline)
    assertStorage(info.config, this.#settings)
    if (!this.#hasKeys) await this.#ensure(keysStream(this.#settings, this.#subjects), deadline)
    this.#hasKeys = true
    return info
  }

  async #ensure(wanted: StreamConfig, deadline: Deadline): Promise<StreamInfo> {
    const found = await this.#find(wanted.name, deadline)
    if (!found) return (await this.#make(wanted, deadline)) ?? this.#ensure(wanted, deadline)
    // Of another kind: nothing is changed in it.
    if (wanted.name === this.#settings.stream) inscriptionOf(found.config)
    const config = withLimits(found.config, wanted)
    return config === found.config ? found : this.#api.update(config, deadline).catch(refused(wanted.name))
  }

  async #find(name: string, deadline: Deadline): Promise<StreamInfo | undefined> {
    try {
      return await this.#api.info(name, deadline)
    } catch (error) {
      if (error instanceof ApiError && error.number === apiErrors.noStream) return undefined
      throw error
    }
  }

  /** `undefined` when another server made it first. */
  async #make(wanted: StreamConfig, deadline: Deadline): Promise<StreamInfo | undefined> {
    try {
      return await this.#api.create(wanted, deadline)
    } catch (error) {
      if (error instanceof ApiError && error.number === apiErrors.nameInUse) return undefined
      return refused(wanted.name)(error)
    }
  }
}

/** Says what to do about a stream that JetStream does not make. */
function refused(name: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ApiError)) throw error
    const full = (apiErrors.full as readonly number[]).includes(error.number)
    throw new FairleadError(
      full ? 'storage_full' : 'unavailable',
      full
        ? `JetStream has no room for the stream ${name}: lower \`bytes\` of natsLog, or raise the server's max_file_store.`
        : `JetStream refused the stream ${name}: ${error.message}.`,
      { cause: error },
    )
  }
}
