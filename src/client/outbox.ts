import { FairleadError, isTemporary } from '../protocol/errors.ts'
import { batchMessages } from '../protocol/limits.ts'
import type { Durability } from '../protocol/messages.ts'
import type { Payload } from '../protocol/payload.ts'
import { createBackoff } from './backoff.ts'
import type { Clock } from './clock.ts'
import { pause, withDeadline } from './deadline.ts'
import { type Ending, errorOf } from './ending.ts'
import type { OutgoingSend, SendHeader } from './outgoing-send.ts'
import { randomId } from './random-id.ts'
import type { SendReply } from './transports/stream.ts'

/** Sends that may wait, and their payloads together: what is more is refused with `busy`. */
const roomForSends = 1000
const roomForPayload = 1024 * 1024
/** The payloads of one batch together. `POST /live` takes 1 MiB, and a unit of text may be three bytes. */
const batchPayload = 256 * 1024
/** How long the answers to a batch may take. */
const batchMs = 30_000

/** What became of a send. */
export interface SendAnswer {
  /** The event appended to the channel, if one was kept. */
  readonly id?: string
  /** How well it is kept. */
  readonly durability?: Durability
  /** What the channel's handler answered. */
  readonly data?: unknown
}

/** Sends a batch and passes on each answer, by its place. Resolves when all are answered. */
export type Deliver = (
  batch: readonly OutgoingSend[],
  reply: (reply: SendReply) => void,
  signal: AbortSignal,
) => Promise<unknown>

/** The sends of a client, in the order they were made. */
export interface Outbox {
  /**
   * Adds a send. Rejects with what the server refused it for, `busy` when there is no room, `request_timeout` when its
   * time is over, or the signal's reason; after the last two it may have been done.
   */
  send(header: SendHeader, payload: Payload, signal?: AbortSignal): Promise<SendAnswer>
  /** A stream is open: what waits to be tried again is tried now. */
  kick(): void
  /** Refuses what waits, and everything from now on. */
  close(error: FairleadError): void
}

interface Entry extends OutgoingSend {
  readonly resolve: (answer: SendAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * One batch is on its way at a time; what of it is not answered, or failed for now, goes again with its keys before
 * anything newer. So the server does each once and in order, over cuts and changes of transport: even where two
 * connections carry the same batch, both carry it in the same order.
 */
export function createOutbox(clock: Clock, timeoutMs: number, deliver: Deliver): Outbox {
  const backoff = createBackoff(clock)
  const entries = new Set<Entry>()
  const keyPrefix = randomId()
  let keys = 0
  let size = 0
  let waiting = 0
  let batchMax: number = batchMessages
  let isRunning = false
  let isKicked = false
  let wake = new AbortController()
  const over = new AbortController()
  let closed: FairleadError | undefined

  const settle = (entry: Entry): Entry => {
    entries.delete(entry)
    return entry
  }

  const nextBatch = (): Entry[] => {
    const batch: Entry[] = []
    let payload = 0
    for (const entry of entries) {
      payload += entry.payload.length
      if (batch.length === batchMax || (batch.length && payload > batchPayload)) break
      batch.push(entry)
    }
    return batch
  }

  /** Answers how long the server asked to wait, if it did. */
  const attempt = async (batch: readonly Entry[]): Promise<number | undefined> => {
    const reply = ({ op, ref, ...answer }: SendReply) => {
      const entry = batch[ref]
      const isRefused = 'code' in answer
      if (!entry || (isRefused && (answer.retry || isTemporary(answer.code)))) return
      backoff.reset()
      settle(entry)
      if (isRefused) entry.reject(errorOf(answer))
      else entry.resolve(answer)
    }
    try {
      await withDeadline(clock, batchMs, over.signal, (signal) => deliver(batch, reply, signal))
      batchMax = Math.min(batchMax * 2, batchMessages)
      return undefined
    } catch (error) {
      const { refusal, retryMs } = error as Ending
      if (refusal) for (const entry of batch) settle(entry).reject(refusal)
      // The handlers are slow: less at a time, so that each try gets somewhere.
      if (error instanceof FairleadError) batchMax = 1
      return retryMs
    }
  }

  const run = async () => {
    if (isRunning) return
    isRunning = true
    await undefined // Sends of one turn travel together.
    while (entries.size) {
      isKicked = false
      const batch = nextBatch()
      const retryMs = await attempt(batch)
      if (isKicked || !batch.some((entry) => entries.has(entry))) continue
      wake = new AbortController()
      await pause(clock, backoff.next(retryMs), wake.signal)
    }
    isRunning = false
  }

  return {
    async send(header, payload, signal) {
      const { length } = payload
      if (closed) throw closed
      if (size === roomForSends || waiting + length > roomForPayload) {
        throw new FairleadError('busy', 'Too many sends wait.')
      }
      let entry: Entry
      size++
      waiting += length
      const answered = () =>
        new Promise<SendAnswer>((resolve, reject) => {
          const key = header.key ?? `${keyPrefix}-${keys++}`
          entry = { header: { ...header, key }, payload, resolve, reject }
          entries.add(entry)
          void run()
        })
      return withDeadline(clock, timeoutMs, signal, answered).finally(() => {
        settle(entry)
        size--
        waiting -= length
      })
    },
    kick() {
      isKicked = true
      wake.abort()
    },
    close(error) {
      closed = error
      for (const entry of entries) settle(entry).reject(error)
      over.abort()
      wake.abort()
    },
  }
}
