import { createSseDecoder, type SseEvent } from '../../protocol/index.ts'
import { CommandError } from '../errors.ts'
import { httpGet } from './http-get.ts'
import type { TailConnection, TailMessage } from './wire.ts'

/** What a wire makes of the parts of a stream: each answers the messages to show. */
export interface EventSourceHandlers {
  readonly headers?: Readonly<Record<string, string>>
  /** The stream is there; nothing need have come on it. */
  onOpen?(): void
  onEvent(event: SseEvent): readonly TailMessage[]
  onIgnored?(lines: string[]): void
  /** The stream ended inside a block, which was therefore not dispatched. */
  onUnfinished?(): void
}

/** Reads one stream of server-sent events. Throws `CommandError` when the answer is none. */
export async function* readEventSource(
  url: URL,
  connection: TailConnection,
  handlers: EventSourceHandlers,
): AsyncGenerator<TailMessage> {
  const { signal, onRetry } = connection
  const response = await httpGet(url, connection, { ...handlers.headers, accept: 'text/event-stream' })
  assertEventStream(response)
  handlers.onOpen?.()
  let arrived: TailMessage[] = []
  let ended = false
  const decoder = createSseDecoder({
    onRetry,
    onEvent(event) {
      if (ended) handlers.onUnfinished?.()
      else arrived.push(...handlers.onEvent(event))
    },
    onIgnored(lines) {
      if (ended) handlers.onUnfinished?.()
      handlers.onIgnored?.(lines)
    },
  })
  function end(): void {
    ended = true
    decoder.push(new Uint8Array([0x0a, 0x0a]))
  }
  try {
    for await (const chunk of response.body ?? []) {
      decoder.push(chunk)
      yield* arrived
      arrived = []
    }
  } catch (error) {
    if (signal.aborted) end()
    if (error instanceof RangeError) throw new CommandError(error.message)
    throw error
  }
  end()
}

function assertEventStream(response: Response): void {
  const type = response.headers.get('content-type') ?? 'nothing'
  if (/^text\/event-stream\s*(?:;|$)/i.test(type)) return
  throw new CommandError(
    `This URL answers with content-type ${type}, so an EventSource gives up. A stream of events needs text/event-stream.`,
  )
}
