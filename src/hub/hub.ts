import { type ByeReason, FairleadError, isFairleadError } from '../protocol/index.ts'
import { Audit } from './audit.ts'
import type { Authorise, Identity } from './authorise.ts'
import type { WriteLoop } from './broadcast.ts'
import type { ChannelLog } from './channel-log.ts'
import type { Channels } from './channels.ts'
import type { Clock } from './clock.ts'
import { Connections, retryMs } from './connections.ts'
import { DeclaredChannels } from './declared.ts'
import { FlowMeter } from './flow.ts'
import { Limits, noLimits } from './limits.ts'
import { type Logger, silentLogger } from './logger.ts'
import { Logs } from './logs.ts'
import { Memberships } from './memberships.ts'
import { Metrics } from './metrics.ts'
import { Orders } from './orders.ts'
import type { PresenceStore } from './presence.ts'
import { Session } from './session.ts'
import { TimerWheel } from './timer-wheel.ts'
import { TopicHub } from './topic-hub.ts'

/** What failed where: everything that has no asker to tell goes here, once. */
export type ReportError = (error: unknown, stage: 'handler' | 'log' | 'presence' | 'subscription') => void

/** The parts that a hub is put together from. */
export interface HubOptions {
  /** Keeps every channel that no pattern of `logs` covers. */
  readonly log: ChannelLog
  /** Logs of their own, by channel pattern; the first that covers a channel counts. */
  readonly logs?: Readonly<Record<string, ChannelLog>> | undefined
  readonly channels: Channels
  readonly authorise: Authorise
  readonly presence: PresenceStore
  readonly clock: Clock
  readonly onError: ReportError
  /** Told what happens, a line each. @default nobody */
  readonly logger?: Logger | undefined
  /** Sends one batch to many sockets. @default each is written to */
  readonly writeLoop?: WriteLoop | undefined
  /** What is taken on. @default everything */
  readonly limits?: Limits | undefined
  /** Aborts when the hub is not wanted any more before it is open. */
  readonly signal?: AbortSignal | undefined
}

/** The middle of the server: channels, their readers and writers. It owns no socket and knows no wire. */
export class Hub {
  readonly logs: Logs
  readonly declared: DeclaredChannels
  readonly authorise: Authorise
  readonly presence: PresenceStore
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly flow: FlowMeter
  readonly metrics = new Metrics()
  readonly onError: ReportError
  readonly logger: Logger
  readonly audit: Audit
  readonly connections: Connections
  readonly limits: Limits
  /** Those with something open: a stream, or a poll that waits. */
  readonly sessions = new Set<Session>()
  readonly orders: Orders
  readonly memberships: Memberships
  readonly #writeLoop: WriteLoop | undefined
  readonly #stopping = new AbortController()

  static async open(options: HubOptions): Promise<Hub> {
    const logs = new Set([options.log, ...Object.values(options.logs ?? {})])
    const epochs = await Promise.all([...logs].map(async (log) => [log, (await log.head()).epoch] as const))
    const hub = new Hub(options, new Map(epochs))
    await openOrders(hub, options.signal)
    return hub
  }

  private constructor(options: HubOptions, epochs: ReadonlyMap<ChannelLog, string>) {
    this.declared = new DeclaredChannels(options.channels)
    this.authorise = options.authorise
    this.presence = options.presence
    this.clock = options.clock
    this.flow = new FlowMeter(options.clock)
    this.limits = options.limits ?? new Limits(noLimits, options.clock)
    this.#writeLoop = options.writeLoop
    this.onError = options.onError
    this.logger = options.logger ?? silentLogger
    this.audit = new Audit(this.logger)
    this.wheel = new TimerWheel(options.clock)
    this.connections = new Connections(options.clock, this.metrics)
    this.memberships = new Memberships(options.presence, (error) => options.onError(error, 'presence'))
    const topics = new Map([...epochs].map(([log, epoch]) => [log, this.#topicsOf(log, epoch)]))
    const byPattern = Object.entries(options.logs ?? {}).map(
      ([pattern, log]) => [pattern, topics.get(log)!] as const,
    )
    this.logs = new Logs(topics.get(options.log)!, byPattern)
    this.orders = new Orders(this.logs.all[0]!, options.clock, this.sessions, this.audit)
    this.presence.follow(({ channel, join, leave }) => {
      const message = { op: 'presence', channel, join, leave } as const
      for (const { connection } of this.logs.of(channel).readersOf(channel)) connection.control(message)
    })
  }

  /** Aborts when the server begins to stop: new streams are told so, parked polls are answered. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Opens the door for someone. */
  session(who: Identity | null, address?: string): Session {
    return new Session(this, who, address, this.limits.share(address, who?.id))
  }

  /** The application itself: it may do everything. */
  get application(): Session {
    return new Session(this, { admin: true })
  }

  /** A delay before coming back, spread by chance. */
  retryMs(): number {
    return retryMs(this.clock)
  }

  /** Takes no new work, tells every stream to come back later, and waits for them to go. */
  async drain(deadlineMs: number): Promise<void> {
    this.#stopping.abort()
    this.logger.info({ event: 'draining', ...this.connections.transports() }, 'readers are told to come back')
    this.connections.end('drain')
    await this.connections.emptied(deadlineMs)
  }

  async close(): Promise<void> {
    this.wheel.close()
    await this.presence.close()
    await Promise.all(this.logs.all.map(({ log }) => log.close()))
  }

  /** The server ends a stream: counted, and written unless all are ended. */
  ended(session: Session, reason: ByeReason): void {
    this.metrics.ended.add(reason)
    this.audit.ended(session, reason)
  }

  /** Throws unless the server takes new work. */
  assertOpen(): void {
    if (this.stopping.aborted)
      throw new FairleadError('draining', 'This server is stopping: try again, another one answers.')
  }

  #topicsOf(log: ChannelLog, epoch: string): TopicHub {
    const { clock, wheel, flow, metrics } = this
    const slowPolicy = (channel: string) => this.declared.find(channel).declaration?.slow ?? 'resume'
    const interrupted = () => {
      this.logger.warn({ event: 'log_began_anew' }, 'the log began anew: every reader comes back')
      this.connections.restart()
    }
    const reach = (lost: boolean) => {
      if (lost) this.logger.error({ event: 'log_lost' }, 'the log is out of reach: readers wait, sends fail')
      else this.logger.info({ event: 'log_found' }, 'the log can be reached again')
    }
    const writeLoop = this.#writeLoop
    const options = { log, clock, wheel, flow, metrics, slowPolicy, interrupted, reach, writeLoop }
    return new TopicHub(options, epoch)
  }
}

/** A log has one feed, which the hub has taken: from here on it waits for a log that went out of reach again. */
async function openOrders(hub: Hub, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    try {
      return await hub.orders.open()
    } catch (error) {
      if (!isFairleadError(error) || !error.temporary || signal?.aborted) throw error
      await new Promise<void>((resolve) => hub.clock.after(500, resolve))
    }
  }
}
