import type { Redis } from 'ioredis'
import type { LogHead } from '../../hub/channel-log.ts'
import { type Durability, FairleadError } from '../../protocol/index.ts'
import { Line, outOfReach } from './line.ts'
import type { Place } from './place.ts'
import { type Reply, textOf } from './reply.ts'
import { refusalOf, Script } from './script.ts'
import { appendScript } from './scripts/append.ts'
import { beginScript } from './scripts/begin.ts'
import { readScript, standScript } from './scripts/read.ts'
import { trimScript } from './scripts/trim.ts'
import { assertFit, durabilityOf, parseInfo, type ServerInfo } from './server-info.ts'
import type { Settings } from './settings.ts'

/** The scripts of a log. */
export const scripts = {
  append: new Script(appendScript),
  begin: new Script(beginScript),
  read: new Script(readScript),
  stand: new Script(standScript),
  trim: new Script(trimScript),
}

/** What the log that a store belongs to has to hear of. */
export interface StoreEvents {
  /** A new epoch began; before any answer that is of it. */
  begun(head: LogHead): void
  /** Commands can be sent from now on, to the server with this run id. */
  reached(run: string): void
  /** Redis is out of reach. */
  lost(): void
}

/** A script's answer without 'ok' and the epoch: the head, and what the script answers beside. */
export type Answer = readonly Reply[]

/**
 * The log's data in Redis, and the scripts by which they are reached. It knows the present epoch and the highest offset
 * that was seen in it; a script refuses when what is stored is not that, and then a new epoch begins.
 */
export class Store {
  readonly line: Line
  readonly announcer: 'PUBLISH' | 'SPUBLISH'
  readonly #settings: Settings
  readonly #events: StoreEvents
  #epoch = ''
  #highest = 0
  #durability: Durability
  #run = ''
  #renewing: Promise<void> | undefined

  constructor(place: Place, settings: Settings, events: StoreEvents) {
    this.#settings = settings
    this.#events = events
    this.#durability = settings.durability ?? 'memory'
    // A cluster would hand a plain announcement on to each of its nodes.
    this.announcer = place.cluster ? 'SPUBLISH' : 'PUBLISH'
    this.line = new Line({
      dial: place.dial,
      clock: settings.clock,
      greet: (redis) => this.#greet(redis),
      lost: () => events.lost(),
    })
  }

  /** The present epoch; empty before the first connection. */
  get epoch(): string {
    return this.#epoch
  }

  get highest(): number {
    return this.#highest
  }

  get durability(): Durability {
    return this.#durability
  }

  /** The process that answers. */
  get run(): string {
    return this.#run
  }

  /** An offset of the present epoch was seen. */
  saw(offset: number): void {
    if (offset > this.#highest) this.#highest = offset
  }

  /** What an announcement or an answer says of the epoch is not what we know: the primary decides. */
  async doubt(epoch: string): Promise<void> {
    if (epoch !== this.#epoch) await this.ask(scripts.stand, ['0'])
  }

  /** Begins a new epoch, unless another has done so since `epoch`. */
  async renew(epoch: string): Promise<void> {
    const redis = await this.line.ready(this.#settings.deadlineMs)
    // What is going on already may end in the same epoch.
    await this.#renewing?.catch(() => {})
    if (epoch === this.#epoch) await this.begin(redis, true)
  }

  /**
   * Runs a script that changes nothing, until it was answered or the deadline is over.
   * `epoch`: the one that the question is of; when it is gone, `unavailable`.
   */
  async ask(
    script: Script,
    args: readonly (string | Buffer)[],
    signal?: AbortSignal,
    epoch?: string,
  ): Promise<Answer> {
    const { clock, deadlineMs } = this.#settings
    const due = clock.now() + deadlineMs
    for (;;) {
      signal?.throwIfAborted()
      const redis = await this.line.ready(Math.max(due - clock.now(), 0))
      if (epoch && epoch !== this.#epoch) throw began()
      try {
        const reply = await this.#answered(redis, this.send(redis, script, args), due - clock.now())
        if (await this.settled(redis, reply)) {
          signal?.throwIfAborted()
          return reply.slice(2)
        }
      } catch (error) {
        await this.recovered(redis, error)
      }
      if (clock.now() >= due) throw outOfReach(this.line.reason)
    }
  }

  /** Runs a script once, with what the log knows in front of its arguments. */
  send(redis: Redis, script: Script, args: readonly (string | Buffer)[]): Promise<readonly Reply[]> {
    const { prefix } = this.#settings
    return script.run(redis, `${prefix}log`, [prefix, this.#epoch, String(this.#highest), ...args])
  }

  /** Whether a script's answer is of the epoch that we know; else sees to it that the next one is. */
  async settled(redis: Redis, reply: readonly Reply[]): Promise<boolean> {
    const status = textOf(reply[0])
    if (status === 'ok') {
      if (textOf(reply[1]) !== this.#epoch) throw began()
      this.saw(Number(reply[2]))
      return true
    }
    if (status === 'epoch') this.#adopt(textOf(reply[1]), Number(reply[2]))
    else if (status === 'lost') await this.begin(redis, false)
    else if (status === 'replica') this.line.drop(redis, new Error('the server is a replica'))
    else throw newer(textOf(reply[1]))
    return false
  }

  /** Sees to it that a failed command may be tried again; throws what cannot be helped. */
  async recovered(redis: Redis, error: unknown): Promise<void> {
    const refusal = refusalOf(error)
    if (refusal === 'unknown-script') await this.#load(redis)
    else if (refusal === 'elsewhere') this.line.drop(redis, error)
    else if (refusal === 'full') throw full()
    else if (refusal === 'other') throw refused(error)
    else if (error instanceof FairleadError) throw error
    // Nothing was changed by it; over the next connection it may be answered.
    else this.line.drop(redis, error)
  }

  /** Whether appends that failed were refused and may be sent again; `false`: whether they were done is not known. */
  async refusedAppend(redis: Redis, error: unknown): Promise<boolean> {
    const unsent = error instanceof Error && error.message.includes("isn't writeable")
    if (!unsent && refusalOf(error) === undefined) return false
    await this.recovered(redis, error)
    return true
  }

  /** Has a new epoch begun if there has to be one, and takes the present one over. One at a time. */
  async begin(redis: Redis, force: boolean): Promise<void> {
    this.#renewing ??= this.#begin(redis, force).finally(() => {
      this.#renewing = undefined
    })
    await this.#renewing
  }

  async #begin(redis: Redis, force: boolean): Promise<void> {
    const { clock, deadlineMs } = this.#settings
    const args = [randomEpoch(() => clock.random()), force ? '1' : '0', this.announcer, '0']
    const reply = await this.#answered(redis, this.send(redis, scripts.begin, args), deadlineMs)
    const status = textOf(reply[0])
    if (status === 'ok') this.#adopt(textOf(reply[1]), Number(reply[2]))
    else if (status === 'version') throw newer(textOf(reply[1]))
    else throw new Error('the server is a replica')
  }

  #adopt(epoch: string, head: number): void {
    if (epoch === this.#epoch) {
      this.saw(head)
      return
    }
    const known = this.#epoch !== ''
    this.#epoch = epoch
    this.#highest = head
    if (known) this.#events.begun({ epoch, offset: head })
  }

  async #greet(redis: Redis): Promise<void> {
    const info = parseInfo(await redis.info())
    assertFit(info, this.#settings.evicting)
    this.#durability = await this.#durabilityOf(redis, info)
    await this.#load(redis)
    await this.begin(redis, false).catch((error) => {
      throw refusalOf(error) === 'full' ? full() : error
    })
    this.#run = info.get('run_id') ?? ''
    this.#events.reached(this.#run)
  }

  async #durabilityOf(redis: Redis, info: ServerInfo): Promise<Durability> {
    const found = await redis.config('GET', 'appendfsync').catch((error) => {
      if (refusalOf(error) === undefined) throw error
    })
    return durabilityOf(info, (found as string[] | undefined)?.[1], this.#settings.durability)
  }

  async #load(redis: Redis): Promise<void> {
    await Promise.all(Object.values(scripts).map((script) => script.load(redis)))
  }

  /** A connection that does not answer in time is of no use to anyone. */
  #answered<T>(redis: Redis, answer: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#settings.clock.after(Math.max(ms, 0), () => {
        const silent = new Error('no answer in time')
        this.line.drop(redis, silent)
        reject(outOfReach(silent))
      })
      answer.then(resolve, reject).finally(cancel)
    })
  }
}

function began(): FairleadError {
  return new FairleadError(
    'unavailable',
    'The log began a new epoch meanwhile: ask again for where it stands.',
  )
}

function newer(version: string): FairleadError {
  return new FairleadError(
    'internal',
    `The log in Redis was written by a newer version of fairlead (format ${version}): update this server.`,
  )
}

function full(): FairleadError {
  return new FairleadError(
    'storage_full',
    'The memory of Redis is full: raise its maxmemory, or let the log keep less (bytes).',
  )
}

function refused(error: unknown): FairleadError {
  return new FairleadError('unavailable', `Redis refuses: ${error instanceof Error ? error.message : error}`)
}

function randomEpoch(random: () => number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from({ length: 10 }, () => letters[Math.floor(random() * letters.length)]).join('')
}
