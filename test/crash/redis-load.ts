import { createHash } from 'node:crypto'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { isFairleadError } from '../../src/protocol/index.ts'

export const channels = ['a', 'b', 'c'] as const

/** What stands at a position, once and for all: the first who saw it says so. */
export type Record = Map<string, string>

/** Notes what stands at a position; another content there is an offset that was used twice. */
export function note(
  record: Record,
  epoch: string,
  offset: number,
  payload: string,
  faults: string[],
  who: string,
): void {
  const position = `${epoch}.${offset}`
  const hash = createHash('sha256').update(payload).digest('base64')
  const known = record.get(position)
  if (known === undefined) record.set(position, hash)
  else if (known !== hash) faults.push(`${who}: ${position} was used twice`)
}

interface Acknowledged {
  readonly epoch: string
  readonly offset: number
  readonly payload: string
}

/** Appends by several logs at a steady rate, and keeps what was acknowledged. */
export class Load {
  readonly acknowledged: Acknowledged[] = []
  readonly failed = new Map<string, number>()
  /** The longest that a failed append took, in milliseconds. */
  longestFailureMs = 0
  readonly faults: string[] = []
  readonly #logs: readonly ChannelLog[]
  readonly #record: Record
  readonly #flying = new Set<Promise<void>>()
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(logs: readonly ChannelLog[], record: Record) {
    this.#logs = logs
    this.#record = record
  }

  /** Begins to append so many a second. */
  start(perSecond: number): void {
    const began = Date.now()
    let made = 0
    this.#timer = setInterval(() => {
      const due = Math.min(((Date.now() - began) * perSecond) / 1000, made + perSecond / 5)
      for (; made < due; made++) this.once()
    }, 10)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#flying])
  }

  /** Appends one event, and answers its payload. */
  once(): string {
    const number = this.#count++
    const payload = JSON.stringify({ number, text: 'x'.repeat(60) })
    const flying = this.#append(this.#logs[number % this.#logs.length]!, channels[number % 3]!, payload)
    this.#flying.add(flying)
    void flying.then(() => this.#flying.delete(flying))
    return payload
  }

  async #append(log: ChannelLog, channel: string, payload: string): Promise<void> {
    const began = Date.now()
    try {
      const { epoch, offset } = await log.append({ channel, event: 'e', payload })
      this.acknowledged.push({ epoch, offset: offset!, payload })
      note(this.#record, epoch, offset!, payload, this.faults, 'append')
    } catch (error) {
      const code = isFairleadError(error) ? error.code : String(error)
      this.failed.set(code, (this.failed.get(code) ?? 0) + 1)
      this.longestFailureMs = Math.max(this.longestFailureMs, Date.now() - began)
    }
  }
}
