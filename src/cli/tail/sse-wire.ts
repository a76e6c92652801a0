import { readEventSource } from './event-source.ts'
import { readEnvelope, type TailConnection, type TailMessage } from './wire.ts'

/** Reads a channel as server-sent events, each with its whole envelope. */
export function sseWire(connection: TailConnection): AsyncIterable<TailMessage> {
  const { target, start } = connection
  const url = new URL(target.url)
  url.searchParams.set('format', 'envelope')
  if (start.after !== undefined) url.searchParams.set('after', start.after)
  if (start.last !== undefined) url.searchParams.set('last', String(start.last))
  return readEventSource(url, connection, { onEvent: ({ data }) => readEnvelope(data) })
}
