import type { StoredEvent } from './channel-log.ts'
import type { Encoding } from './connection.ts'

/** An event with the bytes that each encoding made of it: encoded once, whoever reads it. */
export class EncodedEvent {
  readonly event: StoredEvent
  readonly epoch: string
  readonly #bytes = new Map<string, Buffer>()

  constructor(event: StoredEvent, epoch: string) {
    this.event = event
    this.epoch = epoch
  }

  bytes(encoding: Encoding): Buffer {
    let bytes = this.#bytes.get(encoding.name)
    if (bytes === undefined) {
      bytes = encoding.encode(this.event, this.epoch)
      this.#bytes.set(encoding.name, bytes)
    }
    return bytes
  }
}

/** Events that go out together, joined once per encoding and shared by every connection that gets them. */
export class Batch {
  readonly events: readonly EncodedEvent[]
  readonly #joined = new Map<string, Buffer>()

  constructor(events: readonly EncodedEvent[]) {
    this.events = events
  }

  bytes(encoding: Encoding): Buffer {
    let joined = this.#joined.get(encoding.name)
    if (joined === undefined) {
      joined =
        encoding.pack && encoding.of ? encoding.pack(this.bytes(encoding.of)) : join(this.events, encoding)
      this.#joined.set(encoding.name, joined)
    }
    return joined
  }
}

/** The bytes of a single event are not copied. */
function join(events: readonly EncodedEvent[], encoding: Encoding): Buffer {
  const [first] = events
  return first && events.length === 1
    ? first.bytes(encoding)
    : Buffer.concat(events.map((event) => event.bytes(encoding)))
}
