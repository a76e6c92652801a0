import type { StoredEvent } from './channel-log.ts'
import type { Encoding } from './connection.ts'

/** The bytes that each encoding made of something, made once. Most have the readers of one wire, and need no table. */
abstract class Encoded {
  #encoding: string | undefined
  #bytes: Buffer | undefined
  #others: Map<string, Buffer> | undefined

  bytes(encoding: Encoding): Buffer {
    if (this.#encoding === encoding.name) return this.#bytes!
    const known = this.#others?.get(encoding.name)
    if (known) return known
    const made = this.make(encoding)
    if (this.#encoding === undefined) {
      this.#encoding = encoding.name
      this.#bytes = made
    } else {
      this.#others ??= new Map()
      this.#others.set(encoding.name, made)
    }
    return made
  }

  protected abstract make(encoding: Encoding): Buffer
}

/** An event with the bytes that each encoding made of it: encoded once, whoever reads it. */
export class EncodedEvent extends Encoded {
  readonly event: StoredEvent
  readonly epoch: string

  constructor(event: StoredEvent, epoch: string) {
    super()
    this.event = event
    this.epoch = epoch
  }

  protected override make(encoding: Encoding): Buffer {
    return encoding.encode(this.event, this.epoch)
  }
}

/** Events that go out together, joined once per encoding and shared by every connection that gets them. */
export class Batch extends Encoded {
  readonly events: readonly EncodedEvent[]

  constructor(events: readonly EncodedEvent[]) {
    super()
    this.events = events
  }

  protected override make(encoding: Encoding): Buffer {
    return encoding.pack && encoding.of ? encoding.pack(this.bytes(encoding.of)) : join(this.events, encoding)
  }
}

/** The bytes of a single event are not copied. */
function join(events: readonly EncodedEvent[], encoding: Encoding): Buffer {
  const [first] = events
  return first && events.length === 1
    ? first.bytes(encoding)
    : Buffer.concat(events.map((event) => event.bytes(encoding)))
}
