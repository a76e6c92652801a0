import type { StoredEvent } from '../../hub/channel-log.ts'
import type { PresenceChange } from '../../hub/presence.ts'
import { FairleadError } from '../../protocol/index.ts'
import type { LogHost } from './log-host.ts'
import { type MessageLine, Outbox } from './message-line.ts'
import {
  eventBytes,
  isHello,
  isMarked,
  mark,
  type PrimaryItem,
  type PrimaryMessage,
  type Question,
  toPlain,
  type WorkerItem,
  type WorkerMessage,
} from './messages.ts'

/**
 * What may wait for a worker that does not read, in bytes. Beyond it the worker's events are let go and its readers
 * have to come back: they read what they missed from the log, at their own pace.
 */
const waitingBytes = 16 * 1024 * 1024

/** One worker, as the primary sees it. */
export class WorkerPeer {
  readonly watched = new Set<string>()
  followsPresence = false
  readonly #host: LogHost
  readonly #line: MessageLine
  readonly #outbox: Outbox<PrimaryItem>
  /** Questions in work, each with what stops it. */
  readonly #working = new Map<number, AbortController>()
  #told = -1

  constructor(host: LogHost, line: MessageLine) {
    this.#host = host
    this.#line = line
    this.#outbox = new Outbox((items, last, sent) => {
      const position = last ? host.position : undefined
      this.#told = position ?? this.#told
      this.#post({ mark, durability: host.log.durability, position, items }, sent)
    })
    if (host.lost) this.tell({ lost: true })
    line.onMessage((message) => {
      if (isMarked(message)) this.#take(message as WorkerMessage)
    })
    line.onClose(() => this.close())
  }

  /** Hands over an event of a channel that the worker watches. */
  give(event: StoredEvent): void {
    if (this.#outbox.bytes > waitingBytes) this.#restart()
    else this.#outbox.push({ event }, eventBytes(event))
  }

  /** Says something that the worker has not asked for. */
  tell(item: PrimaryItem): void {
    this.#outbox.push(item, 100)
  }

  tellPresence(change: PresenceChange): void {
    if (!this.followsPresence) return
    if (this.#outbox.bytes > waitingBytes) return this.#restart()
    this.#outbox.push({ presence: change }, 100 + 40 * (change.join.length + change.leave.length))
  }

  /** Tells how far the log is, if the worker was told otherwise: a quiet reader's position moves with it. */
  tellPosition(): void {
    if (this.#told < this.#host.position) this.#outbox.flushSoon()
  }

  close(): void {
    for (const stop of this.#working.values()) stop.abort()
    this.#host.forget(this)
  }

  /** The worker missed what had to be let go: its readers have to come back. */
  #restart(): void {
    this.#host.unwatchAll(this)
    this.#outbox.drop((item) => 'id' in item || 'restart' in item || 'lost' in item)
    this.tell({ restart: undefined })
  }

  #post(message: PrimaryMessage, sent: () => void): void {
    this.#line.send(message, sent)
  }

  #take({ hello, items }: WorkerMessage): void {
    if (hello !== undefined && !isHello(hello)) return this.#refuse()
    if (hello !== undefined) this.#outbox.flushSoon()
    for (const item of items) this.#takeItem(item)
  }

  #takeItem(item: WorkerItem): void {
    if ('ask' in item) this.#answer(item.id, item.ask)
    else if ('cancel' in item) this.#working.get(item.cancel)?.abort()
    else if ('unwatch' in item) this.#host.unwatch(item.unwatch, this)
    else this.followsPresence = true
  }

  /** An append that needs no waiting is answered at once: what would wait for it and stop it costs more than it does. */
  #answer(id: number, ask: Question): void {
    const { log } = this.#host
    if (ask.op !== 'append' || !log.appendNow) return void this.#answerLater(id, ask)
    try {
      this.#tellAnswer(id, log.appendNow(ask.event, ask.options))
    } catch (error) {
      this.#tellError(id, error)
    }
  }

  async #answerLater(id: number, ask: Question): Promise<void> {
    const stop = new AbortController()
    this.#working.set(id, stop)
    try {
      this.#tellAnswer(id, await this.#ask(ask, stop.signal))
    } catch (error) {
      this.#tellError(id, error)
    }
    this.#working.delete(id)
  }

  #tellAnswer(id: number, answer: unknown): void {
    this.#outbox.push({ id, answer }, sizeOf(answer))
  }

  #tellError(id: number, error: unknown): void {
    this.#outbox.push({ id, error: toPlain(error) }, 200)
  }

  async #ask(ask: Question, signal: AbortSignal): Promise<unknown> {
    const { log, presence } = this.#host
    switch (ask.op) {
      case 'append':
        return log.append(ask.event, ask.options)
      case 'read': {
        const page = await log.read(ask.from, ask.bounds, signal)
        if (this.#outbox.bytes > waitingBytes) throw tooSlow()
        return page
      }
      case 'head':
        return log.head(signal)
      case 'channelHead':
        return log.channelHead(ask.channel, ask.last, signal)
      case 'watch':
        return this.#host.watch(ask.channel, this)
      case 'touch':
        return presence.touch(ask.channel, ask.member)
      case 'leave':
        return presence.leave(ask.channel, ask.member)
      case 'members':
        return presence.members(ask.channel)
    }
  }

  #refuse(): void {
    this.#post(
      {
        mark,
        durability: 'memory',
        position: undefined,
        items: [],
        refused:
          "The process channel carries no bytes: call cluster.setupPrimary({ serialization: 'advanced' }) before the first fork.",
      },
      () => {},
    )
  }
}

/** About what an answer takes, in bytes. */
function sizeOf(answer: unknown): number {
  if (typeof answer !== 'object' || answer === null) return 100
  if ('events' in answer && Array.isArray(answer.events))
    return (answer.events as StoredEvent[]).reduce((sum, event) => sum + eventBytes(event), 200)
  return Array.isArray(answer) ? 100 + 40 * answer.length : 300
}

function tooSlow(): FairleadError {
  return new FairleadError('unavailable', 'This worker does not keep up with what it reads: try again later.')
}
