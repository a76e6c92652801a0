import type { Msg } from '@nats-io/transport-node'
import type { Clock } from '../../hub/clock.ts'
import type { NatsLink } from './link.ts'

/** How soon the others are told how far the log was seen, in milliseconds; and how often they are told anyway. */
const tellMs = 100
const aliveMs = 1_000
/** Who was not heard for so long is no longer waited for, in milliseconds. */
const goneMs = 3 * aliveMs
/** They are not asked more often than this, in milliseconds. */
const askAgainMs = 50
/** How long the others are waited for, in milliseconds. */
const gatherMs = 1_200

/** What one server tells the others of the log. */
interface Notice {
  readonly from: string
  readonly epoch: string
  /** The newest offset that it saw. */
  readonly offset: number
  /** It goes: nobody is to wait for it. */
  readonly bye?: true
  /** It wants to hear the others at once. */
  readonly ask?: true
}

/** What a server knows of the log. */
export interface Known {
  readonly epoch: string | undefined
  readonly known: number
}

/**
 * The other servers on the log. A nats-server that lost its newest events says so to nobody: only together do the
 * servers know how far the log was. So each tells the others, and after a disturbance one asks them before it appends.
 */
export class Peers {
  readonly #link: NatsLink
  readonly #clock: Clock
  readonly #subject: string
  readonly #own: Known
  readonly #heard: (epoch: string, offset: number) => void
  readonly #self: string
  /** When each was heard, by its name. */
  readonly #others = new Map<string, number>()
  #told = -1
  #toldAt = 0
  #cancelTimer = () => {}
  #isListening = false
  /** When the others were asked; those who were there then are waited for. */
  #askedAt: number | undefined
  #waitedFor: readonly string[] = []
  #closed = false

  constructor(
    link: NatsLink,
    clock: Clock,
    subject: string,
    own: Known,
    heard: (epoch: string, offset: number) => void,
  ) {
    this.#link = link
    this.#clock = clock
    this.#subject = subject
    this.#own = own
    this.#heard = heard
    this.#self = `${clock.random().toString(36).slice(2)}${clock.random().toString(36).slice(2)}`
  }

  /** The connection is there, for the first time or again. */
  up(): void {
    if (!this.#isListening) {
      this.#isListening = true
      this.#link.subscribe(this.#subject, (message) => this.#hear(message))
      this.#tellLater()
    }
    this.ask()
  }

  /** Something happened after which the stream may have lost what only another server saw. */
  ask(): void {
    const now = this.#clock.now()
    if (this.#askedAt !== undefined && now - this.#askedAt < askAgainMs) return
    this.#askedAt = now
    this.#waitedFor = [...this.#others].filter(([, at]) => now - at < goneMs + gatherMs).map(([name]) => name)
    this.#tell({ ask: true })
  }

  /** Resolves when all others that were there when they were asked have answered since, or in vain. */
  async gathered(): Promise<void> {
    for (let since = this.#askedAt; since !== undefined && !this.#closed; since = this.#askedAt) {
      const isMissing = (name: string) => this.#others.has(name) && this.#others.get(name)! < since!
      if (!this.#waitedFor.some(isMissing) || this.#clock.now() - since >= gatherMs) {
        this.#askedAt = undefined
        return
      }
      await new Promise<void>((resolve) => this.#clock.after(10, resolve))
    }
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#send({ bye: true })
  }

  #hear(message: Msg): void {
    const { from, epoch, offset, bye, ask } = message.json<Notice>()
    if (from === this.#self || this.#closed) return
    if (bye) this.#others.delete(from)
    else this.#others.set(from, this.#clock.now())
    this.#heard(epoch, offset)
    if (ask) this.#tell({})
  }

  #tellLater(): void {
    this.#cancelTimer = this.#clock.after(tellMs, () => {
      if (this.#own.known !== this.#told || this.#clock.now() - this.#toldAt >= aliveMs) this.#tell({})
      this.#tellLater()
    })
  }

  #tell(more: Pick<Notice, 'ask'>): void {
    this.#told = this.#own.known
    this.#toldAt = this.#clock.now()
    for (const [name, at] of this.#others) {
      if (this.#toldAt - at > 20 * goneMs) this.#others.delete(name)
    }
    this.#send(more)
  }

  #send(more: Pick<Notice, 'bye' | 'ask'>): void {
    const { epoch, known } = this.#own
    if (epoch === undefined) return
    const notice: Notice = { from: this.#self, epoch, offset: known, ...more }
    this.#link.publish(this.#subject, JSON.stringify(notice))
  }
}
