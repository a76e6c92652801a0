import type { Connection, Encoding } from './connection.ts'
import type { Batch } from './encoded-event.ts'
import type { Subscription } from './subscription.ts'

/** Sends the same bytes to many sockets in one call. Where there is none, each socket is written to by itself. */
export interface WriteLoop {
  /**
   * Sends `bytes` to the first `count` descriptors. Answers how many did not take all of it: for each of those `left` has
   * its place in the list, and how many bytes it took.
   */
  broadcast(descriptors: Int32Array, count: number, bytes: Uint8Array, left: Int32Array): number
}

/** Hands batches to the write loop, for those of a topic's readers whose sockets can take them at once. */
export class Broadcast {
  readonly #loop: WriteLoop
  #descriptors = new Int32Array(0)
  #left = new Int32Array(0)

  constructor(loop: WriteLoop) {
    this.#loop = loop
  }

  /** Sends a batch to all that can take it at this moment, one call for each encoding; answers the others. */
  send(batch: Batch, subscriptions: ReadonlySet<Subscription>): Subscription[] {
    this.#fit(subscriptions.size)
    const others: Subscription[] = []
    for (let alike: Iterable<Subscription> | undefined = subscriptions; alike; ) {
      alike = this.#sendAlike(batch, alike, others)
    }
    return others
  }

  /**
   * Sends to those that read the encoding of the first; answers those that read another. From where the first descriptor is
   * taken to where all are sent to nothing else runs, no callback and no write: so none can be closed in between, and be
   * somebody else's connection by then.
   */
  #sendAlike(
    batch: Batch,
    subscriptions: Iterable<Subscription>,
    others: Subscription[],
  ): Subscription[] | undefined {
    const connections: Connection[] = []
    let unlike: Subscription[] | undefined
    let encoding: Encoding | undefined
    let bytes: Buffer = nothing
    for (const subscription of subscriptions) {
      if (!encoding) {
        encoding = subscription.encoding
        bytes = batch.bytes(encoding)
      }
      if (subscription.encoding !== encoding) {
        unlike ??= []
        unlike.push(subscription)
        continue
      }
      const descriptor = subscription.direct(bytes.length)
      if (descriptor < 0) others.push(subscription)
      else this.#descriptors[connections.push(subscription.connection) - 1] = descriptor
    }
    if (connections.length > 0) this.#write(bytes, connections)
    return unlike
  }

  #write(bytes: Buffer, connections: readonly Connection[]): void {
    const incomplete = this.#loop.broadcast(this.#descriptors, connections.length, bytes, this.#left)
    // Whoever took less is written to as ever: what it does not take waits in its queue, and what is wrong shows there.
    for (let i = 0; i < incomplete; i++) connections[this.#left[2 * i]!]!.rest!(bytes, this.#left[2 * i + 1]!)
  }

  #fit(count: number): void {
    if (this.#descriptors.length >= count) return
    this.#descriptors = new Int32Array(count * 2)
    this.#left = new Int32Array(count * 4)
  }
}

const nothing = Buffer.alloc(0)
