import type { ByeReason } from '../protocol/index.ts'
import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import type { Metrics } from './metrics.ts'

/** However many there are, the last one is asked back after this long, in milliseconds. */
const longestSpreadMs = 15_000

/** Every open stream and socket: told when the server drains, and waited for. */
export class Connections {
  readonly #open = new Set<Connection>()
  readonly #clock: Clock
  readonly #metrics: Metrics
  #emptied = () => {}

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock
    this.#metrics = metrics
  }

  add(connection: Connection): void {
    this.#open.add(connection)
    this.#metrics.opens.add(transportOf(connection))
  }

  delete(connection: Connection): void {
    if (!this.#open.delete(connection)) return
    this.#metrics.written.add(transportOf(connection), connection.writtenBytes)
    if (this.#open.size === 0) this.#emptied()
  }

  /** How many there are of each encoding. */
  count(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { encoding } of this.#open) counts[encoding.name] = (counts[encoding.name] ?? 0) + 1
    return counts
  }

  /** How many there are of each transport. */
  transports(): Record<'sse' | 'websocket', number> {
    const counts = { sse: 0, websocket: 0 }
    for (const connection of this.#open) counts[transportOf(connection)]++
    return counts
  }

  /** What was handed to the sockets of each transport that are open now, in bytes. */
  writtenBytes(): Record<'sse' | 'websocket', number> {
    const bytes = { sse: 0, websocket: 0 }
    for (const connection of this.#open) bytes[transportOf(connection)] += connection.writtenBytes
    return bytes
  }

  /** Ends each with a `bye` and a delay of its own, so that readers do not come back all at once. */
  end(reason: ByeReason): void {
    this.#endAll(reason, 500, 10)
  }

  /** Has all come back, the sooner the fewer there are: to a log that began anew, and is there. */
  restart(): void {
    this.#endAll('unavailable', 50, 2)
  }

  /** Spreads the returns by chance over a time that grows with their number: no second gets more than its share. */
  #endAll(reason: ByeReason, leastMs: number, msEach: number): void {
    const spreadMs = Math.min(200 + this.#open.size * msEach, longestSpreadMs)
    for (const connection of [...this.#open]) {
      connection.end(reason, leastMs + Math.floor(this.#clock.random() * spreadMs))
    }
  }

  /** Resolves when all are gone, or after `deadlineMs`. */
  async emptied(deadlineMs: number): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(deadlineMs, resolve)
      this.#emptied = () => {
        cancel()
        resolve()
      }
    })
  }
}

/** A transport may have several encodings: those of SSE begin with its name. */
function transportOf({ encoding }: Connection): 'sse' | 'websocket' {
  return encoding.name.startsWith('sse') ? 'sse' : 'websocket'
}

/** A delay before coming back, spread by chance. */
export function retryMs(clock: Clock): number {
  return 500 + Math.floor(clock.random() * 5_000)
}
