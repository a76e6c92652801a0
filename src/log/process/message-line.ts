/** One way to another process, in order and without loss until it closes. What cluster's IPC is, and what tests need. */
export interface MessageLine {
  /**
   * Sends a message. `sent` is called when the machine has taken it, which it does only as fast as the other side
   * reads; not at all when the line closes before.
   */
  send(message: unknown, sent: () => void): void
  /** Has each message of the other side given, in order. Called once, in the turn in which the line is made. */
  onMessage(listener: (message: unknown) => void): void
  /** The other process is gone, or the line was cut. Nothing comes or goes any more. */
  onClose(listener: () => void): void
}

/** What is sent at most in one message, in bytes: taking a larger one apart would hold up the other side's loop. */
const messageBytes = 1024 * 1024

/** One thing to say, and about what it takes in memory. */
interface Waiting<Item> {
  readonly item: Item
  readonly bytes: number
}

/** What waits to be sent. What is said in one turn goes in one message, and the next one waits until it was taken. */
export class Outbox<Item> {
  readonly #send: (items: Item[], last: boolean, sent: () => void) => void
  #waiting: Waiting<Item>[] = []
  #bytes = 0
  #scheduled = false
  #sending = false

  /** `send` puts items into a message; `last` says that nothing else waits. */
  constructor(send: (items: Item[], last: boolean, sent: () => void) => void) {
    this.#send = send
  }

  /** About what waits, in bytes: what the other side has not made room for. */
  get bytes(): number {
    return this.#bytes
  }

  push(item: Item, bytes: number): void {
    this.#waiting.push({ item, bytes })
    this.#bytes += bytes
    this.flushSoon()
  }

  /** Lets go of what waits and is not to be kept. */
  drop(keep: (item: Item) => boolean): void {
    this.#waiting = this.#waiting.filter(({ item }) => keep(item))
    this.#bytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Sends a message after this turn, even one without items. */
  flushSoon(): void {
    if (this.#scheduled || this.#sending) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const batch = this.#take()
    this.#sending = true
    this.#send(batch, this.#waiting.length === 0, () => {
      this.#sending = false
      if (this.#waiting.length > 0) this.flushSoon()
    })
  }

  #take(): Item[] {
    let count = 0
    let bytes = 0
    while (
      count < this.#waiting.length &&
      (count === 0 || bytes + this.#waiting[count]!.bytes <= messageBytes)
    )
      bytes += this.#waiting[count++]!.bytes
    const taken = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    this.#bytes -= bytes
    return taken.map(({ item }) => item)
  }
}
