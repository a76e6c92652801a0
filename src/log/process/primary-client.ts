import type { Clock } from '../../hub/clock.ts'
import type { PresenceChange } from '../../hub/presence.ts'
import { type Durability, FairleadError } from '../../protocol/index.ts'
import { type MessageLine, Outbox } from './message-line.ts'
import {
  eventBytes,
  fromPlain,
  helloBytes,
  isMarked,
  mark,
  type PrimaryItem,
  type PrimaryMessage,
  type Question,
  type WorkerItem,
} from './messages.ts'

/** How long the primary has to answer, in milliseconds. */
const deadlineMs = 5_000
/** Questions that may be open at a time, and bytes of them that may wait; one more is refused with `busy`. */
const openQuestions = 10_000
const waitingBytes = 16 * 1024 * 1024

/** What comes unasked. */
export interface PrimaryEvents {
  item(item: PrimaryItem): void
  /** Every event of the watched channels up to here has come. */
  moved(position: number): void
}

interface Open {
  readonly due: number
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
  readonly stopListening: (() => void) | undefined
}

/** The worker's side of the line: asks the primary, and hands on what it tells. */
export class PrimaryClient {
  readonly #clock: Clock
  readonly #outbox: Outbox<WorkerItem>
  /** In the order of their deadlines, which are equally long. */
  readonly #open = new Map<number, Open>()
  readonly #listeners = new Set<PrimaryEvents>()
  #presence: ((change: PresenceChange) => void) | undefined
  #lastId = 0
  #greeted = false
  #ended: Error | undefined
  #cancelTimer: (() => void) | undefined
  /** What the primary said of its log; until it did, the least that a log promises. */
  durability: Durability = 'memory'
  /** What the primary said last: every event of the watched channels up to here has come. */
  position = 0

  constructor(line: MessageLine, clock: Clock) {
    this.#clock = clock
    this.#outbox = new Outbox((items, _last, sent) => {
      const hello = this.#greeted ? undefined : helloBytes
      line.send({ mark, hello, items }, sent)
    })
    line.onMessage((message) => {
      if (isMarked(message)) this.#take(message as PrimaryMessage)
    })
    line.onClose(() => {
      for (const listener of this.#listeners) listener.item({ lost: true })
      this.#end(new FairleadError('unavailable', 'The primary process, which owns the log, is gone.'))
    })
  }

  /** Has everything given that comes unasked. */
  listen(events: PrimaryEvents): void {
    this.#listeners.add(events)
  }

  /** Has the changes of presence given. */
  followPresence(sink: (change: PresenceChange) => void): void {
    this.#presence = sink
    this.tell({ follow: 'presence' })
  }

  /** Says something that has no answer. */
  tell(item: WorkerItem): void {
    if (!this.#ended) this.#outbox.push(item, 100)
  }

  /** Asks the primary. Rejects with what it throws, `unavailable` after 5 seconds, `busy`, and the signal's reason. */
  ask<Answer>(ask: Question, signal?: AbortSignal): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#assertMayAsk(signal)
      const id = ++this.#lastId
      this.#open.set(id, {
        due: this.#clock.now() + deadlineMs,
        resolve: resolve as (answer: unknown) => void,
        reject,
        stopListening: signal && this.#giveUpOn(signal, id),
      })
      this.#outbox.push({ id, ask }, ask.op === 'append' ? eventBytes(ask.event) : 200)
      this.#watchDeadlines()
    })
  }

  #assertMayAsk(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (this.#ended) throw this.#ended
    if (this.#open.size >= openQuestions || this.#outbox.bytes > waitingBytes) {
      throw new FairleadError('busy', 'The primary process does not keep up: try again later.')
    }
  }

  #giveUpOn(signal: AbortSignal, id: number): () => void {
    const aborted = () => this.#giveUp(id, signal.reason)
    signal.addEventListener('abort', aborted)
    return () => signal.removeEventListener('abort', aborted)
  }

  #take(message: PrimaryMessage): void {
    if (message.refused !== undefined) return this.#end(new TypeError(message.refused))
    this.#greeted = true
    this.durability = message.durability
    for (const item of message.items) {
      if ('id' in item) this.#settle(item)
      else if ('presence' in item) this.#presence?.(item.presence)
      else for (const listener of this.#listeners) listener.item(item)
    }
    if (message.position === undefined) return
    this.position = message.position
    for (const listener of this.#listeners) listener.moved(message.position)
  }

  #settle(item: Extract<PrimaryItem, { id: number }>): void {
    const open = this.#close(item.id)
    if ('error' in item) open?.reject(fromPlain(item.error))
    else open?.resolve(item.answer)
  }

  #close(id: number): Open | undefined {
    const open = this.#open.get(id)
    open?.stopListening?.()
    this.#open.delete(id)
    return open
  }

  #giveUp(id: number, reason: unknown): void {
    this.#close(id)?.reject(reason)
    this.tell({ cancel: id })
  }

  /** One timer, for the question that is open longest. */
  #watchDeadlines(): void {
    const [oldest] = this.#open.values()
    if (!oldest || this.#cancelTimer) return
    this.#cancelTimer = this.#clock.after(oldest.due - this.#clock.now(), () => {
      this.#cancelTimer = undefined
      for (const [id, { due }] of this.#open) {
        if (due > this.#clock.now()) break
        this.#giveUp(id, late(this.#greeted))
      }
      this.#watchDeadlines()
    })
  }

  #end(error: Error): void {
    this.#ended = error
    this.#cancelTimer?.()
    for (const id of [...this.#open.keys()]) this.#close(id)?.reject(error)
  }
}

function late(greeted: boolean): FairleadError {
  const seconds = deadlineMs / 1000
  return new FairleadError(
    'unavailable',
    greeted
      ? `The primary process, which owns the log, did not answer within ${seconds} seconds.`
      : `The primary process did not answer within ${seconds} seconds: does it call shareLog()?`,
  )
}
