import { type ByeReason, FairleadError } from '../protocol/index.ts'
import type { Authorise, Identity } from './authorise.ts'
import type { ChannelLog } from './channel-log.ts'
import type { Channels } from './channels.ts'
import type { Clock } from './clock.ts'
import { DeclaredChannels } from './declared.ts'
import { FlowMeter } from './flow.ts'
import type { PresenceStore } from './presence.ts'
import { Session } from './session.ts'
import { TimerWheel } from './timer-wheel.ts'
import { TopicHub } from './topic-hub.ts'

/** What failed where: everything that has no asker to tell goes here, once. */
export type ReportError = (error: unknown, stage: 'handler' | 'log' | 'presence' | 'subscription') => void

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
  /** The sessions with streams: told when the server drains. */
  readonly streaming = new Set<Session>()
  /** Set while the server stops: new streams are told so. */
  draining = false

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
    this.topics = new TopicHub(
      {
        log: options.log,
        clock: options.clock,
        wheel: this.wheel,
        flow: this.flow,
        slowPolicy: (channel) => this.declared.find(channel).declaration?.slow ?? 'resume',
        interrupted: () => this.endStreams('unavailable'),
      },
      epoch,
    )
    this.presence.follow(({ channel, join, leave }) => {
      const message = { op: 'presence', channel, join, leave } as const
      for (const subscription of this.topics.readersOf(channel)) subscription.connection.control(message)
    })
  }

  /** Opens the door for someone. */
  session(who: Identity | null): Session {
    return new Session(this, who)
  }

  /** The application itself: it may do everything. */
  get application(): Session {
    return new Session(this, { admin: true })
  }

  /** Ends every stream with a `bye`, each with a delay of its own so that readers do not come back all at once. */
  endStreams(reason: ByeReason): void {
    for (const session of [...this.streaming]) session.end(reason)
  }

  /** A delay before coming back, spread by chance over `spreadMs`. */
  retryMs(spreadMs = 5_000): number {
    return 500 + Math.floor(this.clock.random() * spreadMs)
  }

  /** Takes no new work, and tells every stream to come back later. */
  drain(): void {
    this.draining = true
    this.endStreams('drain')
  }

  async close(): Promise<void> {
    this.wheel.close()
    await this.presence.close()
    await this.log.close()
  }

  /** Throws unless the server takes new work. */
  assertOpen(): void {
    if (this.draining)
      throw new FairleadError('draining', 'This server is stopping: try again, another one answers.')
  }
}
