import { MessageChannel } from 'node:worker_threads'
import { Credentials } from '../access/credentials.ts'
import { DeclaredRules } from '../access/declared-rules.ts'
import { DevelopmentMode } from '../access/development.ts'
import type { Authorise } from '../hub/authorise.ts'
import type { Awaitable } from '../hub/awaitable.ts'
import type { ChannelLog } from '../hub/channel-log.ts'
import type { Clock } from '../hub/clock.ts'
import { DeclaredChannels } from '../hub/declared.ts'
import { Hub } from '../hub/hub.ts'
import type { Limits } from '../hub/limits.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { FairleadError, isFairleadError } from '../protocol/index.ts'
import { writeLoop } from '../transports/write-loop.ts'
import { showLogUrl } from './log-url.ts'
import { openLog } from './open-log.ts'
import type { SettledOptions } from './options.ts'

/** The pause before a log that is out of reach is tried again, in milliseconds: doubled up to the second number. */
const pauseMs = [100, 2_000] as const
/** How long a request waits for the log of a server that starts, in milliseconds. */
const requestWaitMs = 5_000
/** How long `listen` waits, in milliseconds. */
const startWaitMs = 15_000

/** A server's start: opens its logs, and tries again while they are out of reach. */
export class Opening {
  /** Rejects when the log can never be opened like this, or the server is closed before. */
  readonly hub: Promise<Hub>
  readonly #options: SettledOptions
  readonly #limits: Limits
  readonly #closables: (ChannelLog | PresenceStore)[] = []
  readonly #stop = new AbortController()
  #opened: Hub | undefined
  #failed = false
  #reported = false
  #wake = () => {}
  #giveUp = () => {}
  #lastError: Error | undefined

  constructor(options: SettledOptions, limits: Limits) {
    this.#options = options
    this.#limits = limits
    const stopped = new Promise<never>((_, reject) => {
      this.#giveUp = () => reject(closed())
    })
    this.hub = Promise.race([this.#open(), stopped])
    this.hub.then(
      (hub) => {
        this.#opened = hub
      },
      () => {
        this.#failed = true // Whoever uses the server is told.
      },
    )
  }

  /** The hub, for a request: throws `unavailable` when the log is out of reach for longer than it may wait. */
  soon(): Awaitable<Hub> {
    return this.#opened ?? this.#wait()
  }

  async #wait(): Promise<Hub> {
    const { clock, onError } = this.#options
    try {
      const late = () => new FairleadError('unavailable', 'The log is out of reach: try again later.')
      return await within(this.hub, requestWaitMs, clock, late)
    } catch (error) {
      if (!this.#failed || this.#stop.signal.aborted) throw error
      if (!this.#reported) onError(error, 'log')
      this.#reported = true
      // Who asks is not told where the log is, and what is wrong with it.
      throw new FairleadError('unavailable', 'The log could not be opened.', { cause: error })
    }
  }

  /** The hub, for a server that is to listen: gives up later. */
  async started(): Promise<Hub> {
    const letGo = keepAlive()
    try {
      return await within(this.hub, startWaitMs, this.#options.clock, () => this.#outOfReach())
    } finally {
      letGo()
    }
  }

  /** Gives up, and closes what was opened; when there is a hub, it is the hub's to close. */
  async stop(): Promise<Hub | undefined> {
    this.#stop.abort()
    this.#wake()
    // A call that hangs is not waited for: it ends when its log is closed.
    this.#giveUp()
    const hub = await this.hub.catch(() => undefined)
    if (!hub) await this.#closeAll()
    return hub
  }

  async #open(): Promise<Hub> {
    const { channels, clock, onError, logger, tokens } = this.#options
    const authorise = authoriseOf(this.#options)
    await tokens?.ready
    const { signal } = this.#stop
    const parts = {
      ...(await this.#openLogs()),
      channels,
      authorise,
      clock,
      onError,
      logger,
      limits: this.#limits,
      writeLoop: writeLoop(),
      signal,
    }
    for (let pause: number = pauseMs[0]; ; pause = Math.min(pause * 2, pauseMs[1])) {
      if (this.#stop.signal.aborted) throw closed()
      try {
        const hub = await Hub.open(parts)
        if (!this.#stop.signal.aborted) return hub
        await hub.close()
      } catch (error) {
        if (!isPassing(error)) throw error
        if (!this.#lastError && !this.#stop.signal.aborted) onError(error, 'log')
        this.#lastError = error
      }
      if (!this.#stop.signal.aborted) await this.#pause(pause)
    }
  }

  async #openLogs(): Promise<{ log: ChannelLog; logs: Record<string, ChannelLog>; presence: PresenceStore }> {
    const { log: place, logs: places, clock, presenceTimeoutMs } = this.#options
    const opened = new Map<string | ChannelLog, { log: ChannelLog; presence?: () => PresenceStore }>()
    for (const each of [place, ...Object.values(places)]) {
      if (opened.has(each)) continue
      const one = typeof each === 'string' ? await openLog(each, { clock, presenceTimeoutMs }) : { log: each }
      this.#closables.push(one.log)
      opened.set(each, one)
    }
    const presence = this.#options.presence ?? opened.get(place)!.presence!()
    this.#closables.push(presence)
    const logs = Object.entries(places).map(([pattern, each]) => [pattern, opened.get(each)!.log] as const)
    return { log: opened.get(place)!.log, logs: Object.fromEntries(logs), presence }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  #outOfReach(): FairleadError {
    const places = [this.#options.log, ...Object.values(this.#options.logs)]
    const named = places.flatMap((place) => (typeof place === 'string' ? [showLogUrl(place)] : []))
    const which = named.length === 0 ? 'The log' : `The log at ${[...new Set(named)].join(' or ')}`
    const why = this.#lastError ? `: ${this.#options.hide(this.#lastError.message)}` : '.'
    return new FairleadError('unavailable', `${which} is out of reach${why}`, { cause: this.#lastError })
  }

  async #closeAll(): Promise<void> {
    await Promise.all(this.#closables.map((one) => one.close()))
  }
}

function authoriseOf({ channels, dev, authenticate, tokens, tickets, clock }: SettledOptions): Authorise {
  if (dev) return new DevelopmentMode()
  const rules = new DeclaredRules(new DeclaredChannels(channels), authenticate)
  return tokens || tickets ? new Credentials({ rules, tokens, tickets, clock }) : rules
}

function isPassing(error: unknown): error is FairleadError {
  return isFairleadError(error) && error.temporary
}

/** Our timers keep no process alive, and a log that is out of reach holds no socket: a start must not end silently. */
function keepAlive(): () => void {
  const { port1 } = new MessageChannel()
  port1.ref()
  return () => port1.close()
}

function closed(): FairleadError {
  return new FairleadError('draining', 'This server was closed.')
}

/** The answer of `work`, or the error when it takes longer. */
function within<T>(work: Promise<T>, ms: number, clock: Clock, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()))
    work.then(resolve, reject).finally(cancel)
  })
}
