import type { ByeMessage } from '../../protocol/messages.ts'
import { createSseDecoder } from '../../protocol/sse-decode.ts'
import { ending } from '../ending.ts'
import { keepPresent } from './presence.ts'
import { startQuery } from './start-query.ts'
import type { StreamMessage, Transport } from './stream.ts'

/**
 * Server-sent events over `fetch`, not `EventSource`: that one cannot send a token, gives up for good at a 502 in the
 * middle of a deploy, and shows neither the status nor that a proxy holds everything back.
 */
export const sse: Transport = async (request, sink, signal) => {
  keepPresent(request, sink, signal)
  const query = [...(await startQuery(request, signal)), ['format', 'envelope'] as const]
  const response = await request.endpoint.fetch({ query, accept: 'text/event-stream', signal })
  // React Native's fetch gives a body only when it is whole, and not as a stream.
  const reader = response.body?.getReader?.()
  if (!reader) throw new Error('This fetch cannot read a stream.')
  const decoder = createSseDecoder({
    onEvent({ data }) {
      const message: StreamMessage | ByeMessage = JSON.parse(data)
      if (message.op === 'bye') throw ending(message.reason, { kind: 'retry', retryMs: message.retryMs })
      sink.take(message)
    },
    onRetry: (retryMs) => sink.retryBase(retryMs),
  })
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new Error('The stream ended.')
    sink.heard()
    decoder.push(value)
  }
}
