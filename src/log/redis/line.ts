import type { Redis } from 'ioredis'
import type { Clock } from '../../hub/clock.ts'
import { FairleadError, isFairleadError } from '../../protocol/index.ts'
import type { Dial } from './place.ts'

/** A connection that is not ready after so long is given up, in milliseconds. */
const openMs = 2_000
/** A connection is asked for a sign of life so often, and given up when none came for as long again, in milliseconds. */
const aliveMs = 1_500
/** The pause before a connection is tried again, in milliseconds: doubled each time up to the second number. */
const retryMs = [50, 800] as const

/** One connection, made anew whenever it is lost. */
export interface LineOptions {
  readonly dial: Dial
  readonly clock: Clock
  /** Whether the server and what it holds are fit for use; a rejection ends the connection. */
  greet(redis: Redis): Promise<void>
  /** A connection that had been greeted is gone. */
  lost(): void
}

interface Waiter {
  resolve(redis: Redis): void
  reject(error: unknown): void
}

/** Keeps one greeted connection to Redis. Nothing is sent over one that was not greeted, and nothing is sent twice. */
export class Line {
  readonly #options: LineOptions
  readonly #waiters = new Set<Waiter>()
  #redis: Redis | undefined
  #reason: unknown
  #closed = false
  #wake = () => {}
  #end = () => {}

  constructor(options: LineOptions) {
    this.#options = options
    void this.#keep()
  }

  /** The connection, when there is one. */
  get redis(): Redis | undefined {
    return this.#redis
  }

  /** Why there is none. */
  get reason(): unknown {
    return this.#reason
  }

  /** The connection, as soon as there is one; rejects with `unavailable` after `ms`, or with what a person has to set. */
  ready(ms: number): Promise<Redis> {
    if (this.#redis) return Promise.resolve(this.#redis)
    if (this.#closed) return Promise.reject(closed())
    if (isRefusal(this.#reason)) return Promise.reject(this.#reason)
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ms, () => {
        this.#waiters.delete(waiter)
        reject(outOfReach(this.#reason))
      })
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          cancel()
          this.#waiters.delete(waiter)
          settle(value)
        }
      }
      const waiter: Waiter = { resolve: settled(resolve), reject: settled(reject) }
      this.#waiters.add(waiter)
    })
  }

  /** Gives a connection up: it is silent, or its server no longer serves what we need. */
  drop(redis: Redis | undefined, reason?: unknown): void {
    if (redis === undefined || redis !== this.#redis) return
    this.#reason = reason ?? this.#reason
    this.#forget()
    this.#end()
  }

  /** From here on nothing is sent over it. */
  #forget(): void {
    if (!this.#redis) return
    this.#redis = undefined
    if (!this.#closed) this.#options.lost()
  }

  close(): void {
    this.#closed = true
    for (const waiter of [...this.#waiters]) waiter.reject(closed())
    this.#end()
    this.#wake()
  }

  /** Tries at once: there is a sign that the server is back. */
  hurry(): void {
    this.#wake()
  }

  async #keep(): Promise<void> {
    let pauseMs: number = retryMs[0]
    while (!this.#closed) {
      if (await this.#connect()) pauseMs = retryMs[0]
      if (this.#closed) return
      const wait = pauseMs * (0.5 + this.#options.clock.random() / 2)
      pauseMs = Math.min(pauseMs * 2, retryMs[1])
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(wait, resolve)
        this.#wake = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  /** One connection from its making to its end; `true` when it was of use. */
  async #connect(): Promise<boolean> {
    let redis: Redis | undefined
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    try {
      await this.#within(openMs, async () => {
        redis = await this.#options.dial()
        redis.on('error', (error: unknown) => {
          if (!isRefusal(this.#reason)) this.#reason = error
        })
        const [made, end] = [redis, this.#end]
        redis.once('close', () => {
          if (this.#redis === made) this.#forget()
          end()
        })
        if (this.#closed) return
        await redis.connect()
        await this.#options.greet(redis)
      })
      if (this.#closed || redis?.status !== 'ready') return false
      this.#use(redis)
      await ended
      return true
    } catch (error) {
      this.#fail(error)
      return false
    } finally {
      redis?.disconnect()
      this.#forget()
    }
  }

  #use(redis: Redis): void {
    this.#redis = redis
    this.#reason = undefined
    for (const waiter of [...this.#waiters]) waiter.resolve(redis)
    this.#askForLife(redis)
  }

  #fail(error: unknown): void {
    const reason = error instanceof ConnectionClosed ? (this.#reason ?? error) : error
    this.#reason =
      reason instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM)/.test(reason.message) ? refused(reason) : reason
    if (!isRefusal(this.#reason)) return
    for (const waiter of [...this.#waiters]) waiter.reject(this.#reason)
  }

  #askForLife(redis: Redis): void {
    if (this.#redis !== redis) return
    let answered = false
    redis.ping().then(
      () => {
        answered = true
      },
      () => {},
    )
    this.#options.clock.after(aliveMs, () => {
      if (answered) this.#askForLife(redis)
      else this.drop(redis, new Error('Redis fell silent.'))
    })
  }

  #within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(ms, () => reject(new Error(`No answer within ${ms} ms.`)))
      this.#endOf(reject)
      work().then(resolve, reject).finally(cancel)
    })
  }

  /** While it is being made, the end of a connection is a failure. */
  #endOf(reject: (error: unknown) => void): void {
    const end = this.#end
    this.#end = () => {
      end()
      reject(new ConnectionClosed('The connection was closed.'))
    }
  }
}

class ConnectionClosed extends Error {}

/** Whether an error stands for something that a person has to set: trying again does not help by itself. */
function isRefusal(error: unknown): boolean {
  return isFairleadError(error) && error.code === 'internal'
}

export function closed(): FairleadError {
  return new FairleadError('unavailable', 'The log is closed.')
}

function refused(error: Error): FairleadError {
  return new FairleadError(
    'internal',
    `Redis refuses the login of the log: check its user and password. (${error.message})`,
  )
}

/** Says that Redis cannot be reached, and why. The error behind it is not handed on: it holds what was sent. */
export function outOfReach(cause: unknown): FairleadError {
  const why = cause instanceof Error ? ` (${cause.message})` : ''
  return new FairleadError('unavailable', `Redis cannot be reached${why}: try again.`)
}
