import { createSseDecoder, type SseEvent } from '../../src/protocol/index.ts'

/** What a decoder said while it read a stream. */
export interface SseRecording {
  events: SseEvent[]
  retries: number[]
  ignored: string[][]
  lastEventId: string
}

/** Feeds `chunks` to a new decoder and writes down all that it says. */
export function recordSse(chunks: Iterable<Uint8Array>, maxChars?: number): SseRecording {
  const events: SseEvent[] = []
  const retries: number[] = []
  const ignored: string[][] = []
  const decoder = createSseDecoder(
    {
      onEvent: (event) => events.push(event),
      onRetry: (retryMs) => retries.push(retryMs),
      onIgnored: (lines) => ignored.push(lines),
    },
    maxChars,
  )
  for (const chunk of chunks) decoder.push(chunk)
  return { events, retries, ignored, lastEventId: decoder.lastEventId }
}

/** Cuts `bytes` at each of the given places, in any order. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const bounds = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end))
}

/** The bytes one by one. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}
