import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, TemporaryError } from '../errors.ts'
import type { TailConnection, TailMessage, TailStart, TailTarget, TailWire } from './wire.ts'

/** What `follow` reads, and how it tells about it. */
export interface FollowOptions {
  readonly wire: TailWire
  readonly target: TailTarget
  readonly start: TailStart
  /** Ends the whole. */
  readonly signal: AbortSignal
  tell(note: string): void
}

const firstDelayMs = 500
const longestDelayMs = 15_000

/**
 * Reads until `signal` aborts: a connection that ends is followed by another, from where it stood. Throws
 * `CommandError` when there is no use in that: a refusal for good, or nobody there at the very first attempt.
 */
export async function* follow({
  wire,
  target,
  start: first,
  signal,
  tell,
}: FollowOptions): AsyncGenerator<TailMessage> {
  let start = first
  let reached = false
  let failures = 0
  let retryMs: number | undefined
  const onRetry = (ms: number): void => {
    retryMs = ms
  }
  while (!signal.aborted) {
    let open = false
    const onOpen = (): void => {
      if (!open) tell(start.after === undefined ? 'Open.' : `Open, at ${start.after}.`)
      open = true
    }
    try {
      for await (const item of readConnection(wire, { target, start, signal, tell, onOpen, onRetry })) {
        reached = true
        failures = 0
        if (item.message.op === 'bye') retryMs = item.message.retryMs
        if ('id' in item.message && item.message.id !== undefined) start = { after: item.message.id }
        onOpen()
        yield item
      }
      reached = true
      tell('The connection ended.')
    } catch (error) {
      if (signal.aborted) return
      if (!reached || isFinal(error)) throw asCommandError(error)
      tell(asCommandError(error).message)
    }
    const delayMs = failures === 0 && retryMs !== undefined ? retryMs : backoff(failures)
    failures++
    tell(
      `Reconnecting in ${(delayMs / 1000).toFixed(1)} s${start.after === undefined ? '' : `, after ${start.after}`}.`,
    )
    await sleep(delayMs, undefined, { signal }).catch(() => {})
  }
}

/** Reads one connection, and ends it when nothing came for twice the interval that its heartbeats name. */
async function* readConnection(wire: TailWire, connection: TailConnection): AsyncGenerator<TailMessage> {
  const silence = new AbortController()
  const signal = AbortSignal.any([connection.signal, silence.signal])
  let everyMs = 0
  let timer: NodeJS.Timeout | undefined
  try {
    for await (const item of wire({ ...connection, signal })) {
      if (item.message.op === 'heartbeat') everyMs = item.message.everyMs
      clearTimeout(timer)
      if (everyMs > 0) timer = setTimeout(() => silence.abort(), 2 * everyMs)
      yield item
    }
  } catch (error) {
    throw silence.signal.aborted ? new TemporaryError(`Nothing came for ${(2 * everyMs) / 1000} s.`) : error
  } finally {
    clearTimeout(timer)
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof CommandError && !(error instanceof TemporaryError)
}

function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  const { message } =
    error instanceof Error ? (error.cause instanceof Error ? error.cause : error) : { message: String(error) }
  return new CommandError(`The connection failed: ${message}.`, { cause: error })
}

/** Full jitter: readers that were cut together do not come back together. */
function backoff(failures: number): number {
  return Math.random() * Math.min(longestDelayMs, firstDelayMs * 2 ** failures)
}
