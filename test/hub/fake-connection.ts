import type { StoredEvent } from '../../src/hub/channel-log.ts'
import type { Connection, Encoding } from '../../src/hub/connection.ts'
import type { ControlMessage } from '../../src/protocol/index.ts'

/** What a reader got, in the order it got it. */
export type Received = { event: string; offset: number | null; data: string } | ControlMessage

/** An encoding that counts how often it was asked. */
export function countingEncoding(name = 'test'): Encoding & { encoded: number } {
  const encoding = {
    name,
    encoded: 0,
    encode(event: StoredEvent) {
      encoding.encoded++
      return Buffer.from(`${JSON.stringify([event.channel, event.offset, String(event.payload)])}\n`)
    },
  }
  return encoding
}

/** A connection whose socket does what the test says. */
export class FakeConnection implements Connection {
  readonly encoding: Encoding
  readonly received: Received[] = []
  readonly buffers: Buffer[] = []
  backlogBytes = 0
  writtenBytes = 0
  blocked = false
  ended: string | undefined

  constructor(encoding: Encoding = countingEncoding()) {
    this.encoding = encoding
  }

  write(batch: Buffer): void {
    this.buffers.push(batch)
    for (const line of batch.toString().split('\n').slice(0, -1)) {
      const [event, offset, data] = JSON.parse(line)
      this.received.push({ event, offset, data })
    }
  }

  control(message: ControlMessage): void {
    this.received.push(message)
  }

  cork(): void {}

  uncork(): void {}

  end(reason: string): void {
    this.ended = reason
  }

  /** The offsets of the events received. */
  get offsets(): (number | null)[] {
    return this.received.flatMap((one) => ('offset' in one ? [one.offset] : []))
  }

  /** The resets received. */
  get resets(): Extract<ControlMessage, { op: 'reset' }>[] {
    return this.received.flatMap((one) => ('op' in one && one.op === 'reset' ? [one] : []))
  }

  /** The socket takes nothing more, and holds this much. */
  block(bytes = 100_000): void {
    this.blocked = true
    this.backlogBytes = bytes
  }

  /** The socket has drained. */
  drain(): void {
    this.blocked = false
    this.backlogBytes = 0
  }
}
