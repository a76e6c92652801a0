import type { ByeMessage } from '../../protocol/messages.ts'
import { createSseLines } from '../../protocol/sse-lines.ts'
import { ending } from '../ending.ts'
import { keepPresent } from './presence.ts'
import { startQuery } from './start-query.ts'
import type { StreamMessage, StreamRequest, StreamSink, Transport } from './stream.ts'

/** A line longer than this is no envelope: the largest payload as base64 is a third of it. */
const longestLine = 1024 * 1024

/**
 * Server-sent events over `fetch`, not `EventSource`: that one cannot send a token, gives up for good at a 502 in the
 * middle of a deploy, and shows neither the status nor that a proxy holds everything back.
 */
export const sse: Transport = async (request, sink, signal) => {
  keepPresent(request, sink, signal, true)
  const query = await startQuery(request, signal)
  const response = await request.endpoint.fetch({ query, accept: 'text/event-stream', signal })
  // React Native's fetch gives a body only when it is whole, and not as a stream.
  const reader = response.body?.getReader?.()
  if (!reader) throw new Error('This fetch cannot stream.')
  const lines = createSseLines((line) => takeLine(line, request, sink))
  for (;;) {
    const { done, value } = await reader.read()
    if (done || lines.unfinishedChars > longestLine) throw new Error('The stream ended.')
    sink.heard(value?.length)
    lines.push(value)
  }
}

/** In this format a block's data is one line, an envelope, that says all the block does but for `retry`. */
function takeLine(line: string, { retryBase }: StreamRequest, sink: StreamSink): void {
  const [, field, value] = /^(data|retry): ?(.*)/s.exec(line) ?? []
  if (field === 'retry') retryBase(Number(value))
  if (field !== 'data') return
  const message: StreamMessage | ByeMessage = JSON.parse(value!)
  if (message.op === 'bye') throw ending(message.reason, 'retry', message)
  sink.take(message)
}
