import { createSseLines } from './sse-lines.ts'

/** The reading half of the SSE codec (HTML standard, 9.2.5 and 9.2.6). */

/** One event as an EventSource would dispatch it. */
export interface SseEvent {
  event: string
  data: string
  lastEventId: string
}

/** What a decoder calls. One that throws ends the chunk: what is left of it is lost. */
export interface SseHandlers {
  onEvent(event: SseEvent): void
  /** `retry:` in milliseconds, at most what a timer takes. */
  onRetry?(retryMs: number): void
  /**
   * A block ended that dispatches nothing, since it had no `data:`; with its lines, comments left out. For diagnosis:
   * `id` and `retry` alone are no mistake.
   */
  onIgnored?(lines: string[]): void
}

/** A decoder in the middle of a stream. */
export interface SseDecoder {
  /** Takes the next bytes of the stream; they may be cut anywhere. Throws `RangeError` past the size bound, for good. */
  push(chunk: Uint8Array): void
  /** The id that a reconnect sends: the newest of a block that has ended. */
  readonly lastEventId: string
}

const maxTimerMs = 2 ** 31 - 1

/**
 * Decodes a stream however it is cut. `maxChars` bounds what one unfinished block may hold (1 Mi by default); comments
 * between blocks count for nothing.
 */
export function createSseDecoder(handlers: SseHandlers, maxChars = 1024 * 1024): SseDecoder {
  const lines = createSseLines(endLine)
  let blockChars = 0
  let event = ''
  let data: string[] = []
  let id = ''
  let lastEventId = ''
  let undispatched: string[] = []

  function endBlock(): void {
    const dispatched: SseEvent = { event: event || 'message', data: data.join('\n'), lastEventId: id }
    const hasData = data.length > 0
    const ignored = undispatched
    event = ''
    data = []
    undispatched = []
    blockChars = 0
    lastEventId = id
    if (hasData) handlers.onEvent(dispatched)
    else if (ignored.length > 0) handlers.onIgnored?.(ignored)
  }

  function endLine(line: string): void {
    if (line === '') {
      endBlock()
      return
    }
    assertRoom(blockChars + line.length + 1)
    const comment = line[0] === ':'
    if (!comment || blockChars > 0) blockChars += line.length + 1
    if (comment) return
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^[0-9]+$/.test(value))
      handlers.onRetry?.(Math.min(Number(value), maxTimerMs))
    if (handlers.onIgnored && data.length === 0) undispatched.push(line)
  }

  function assertRoom(chars: number): void {
    if (chars <= maxChars) return
    maxChars = -1
    lines.forget()
    data = []
    undispatched = []
    throw new RangeError('A block of this SSE stream is longer than its reader allows.')
  }

  return {
    get lastEventId() {
      return lastEventId
    },
    push(chunk) {
      assertRoom(0)
      lines.push(chunk)
      if (lines.unfinishedChars > 0) assertRoom(blockChars + lines.unfinishedChars)
    },
  }
}
