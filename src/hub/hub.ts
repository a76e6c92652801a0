import { FairleadError } from '../protocol/index.ts'
import type { Authorise, Identity } from './authorise.ts'
import type { ChannelLog } from './channel-log.ts'
import type { Channels } from './channels.ts'
import type { Clock } from './clock.ts'
import { Connections, retryMs } from './connections.ts'
import { DeclaredChannels } from './declared.ts'
import { FlowMeter } from './flow.ts'
import { Memberships } from './memberships.ts'
import type { PresenceStore } from './presence.ts'
import { Session } from './session.ts'
import { TimerWheel } from './timer-wheel.ts'
import { TopicHub } from './topic-hub.ts'

/** What failed where: everything that has no asker to tell goes here, once. */
export type ReportError = (error: unknown, stage: 'handler' | 'log' | 'presence' | 'subscription') => void

/** The parts that a hub is put together from. */
export interface HubOptions {
  readonly log: ChannelLog
  readonly channels: Channels
  readonly authorise: Authorise
  readonly presence: PresenceStore
  readonly clock: Clock
  readonly onError: ReportError
}

/** The middle of the server: channels, their readers and writers. It owns no socket and knows no wire. */
export class Hub {
  readonly log: ChannelLog
  readonly declared: DeclaredChannels
  readonly authorise: Authorise
  readonly presence: PresenceStore
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly flow = new FlowMeter()
  readonly onError: ReportError
  readonly topics: TopicHub
  readonly connections: Connections
  readonly memberships: Memberships
  readonly #stopping = new AbortController()

  static async open(options: HubOptions): Promise<Hub> {
    const { epoch } = await options.log.head()
    return new Hub(options, epoch)
  }

  private constructor(options: HubOptions, epoch: string) {
    this.log = options.log
    this.declared = new DeclaredChannels(options.channels)
    this.authorise = options.authorise
    this.presence = options.presence
    this.clock = options.clock
    this.onError = options.onError
    this.wheel = new TimerWheel(options.clock)
    this.connections = new Connections(options.clock)
    this.memberships = new Memberships(options.presence, (error) => options.onError(error, 'presence'))
    this.topics = new TopicHub(
      {
        log: options.log,
        clock: options.clock,
        wheel: this.wheel,
        flow: this.flow,
        slowPolicy: (channel) => this.declared.find(channel).declaration?.slow ?? 'resume',
        interrupted: () => this.connections.restart(),
      },
      epoch,
    )
    this.presence.follow(({ channel, join, leave }) => {
      const message = { op: 'presence', channel, join, leave } as const
      for (const subscription of this.topics.readersOf(channel)) subscription.connection.control(message)
    })
  }

  /** Aborts when the server begins to stop: new streams are told so, parked polls are answered. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Opens the door for someone. */
  session(who: Identity | null): Session {
    return new Session(this, who)
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
    this.connections.end('drain')
    await this.connections.emptied(deadlineMs)
  }

  async close(): Promise<void> {
    this.wheel.close()
    await this.presence.close()
    await this.log.close()
  }

  /** Throws unless the server takes new work. */
  assertOpen(): void {
    if (this.stopping.aborted)
      throw new FairleadError('draining', 'This server is stopping: try again, another one answers.')
  }
}
