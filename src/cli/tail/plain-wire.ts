import { decodeSsePayload, encodeBase64, type SseEvent } from '../../protocol/index.ts'
import { readEventSource } from './event-source.ts'
import { explainBlock } from './explain-block.ts'
import { readEnvelope, type TailConnection, type TailMessage } from './wire.ts'

/**
 * Reads any URL of server-sent events, Fairlead's or another server's, as an EventSource would; and says of each block
 * that an EventSource drops why it does.
 */
export function plainWire(connection: TailConnection): AsyncIterable<TailMessage> {
  const { target, start, tell, onOpen } = connection
  return readEventSource(target.url, connection, {
    headers: start.after === undefined ? {} : { 'last-event-id': start.after },
    onOpen, // A stream of another make says nothing by itself.
    onEvent: toMessages,
    onIgnored: (lines) => tell(explainBlock(lines)),
    onUnfinished: () =>
      tell('The stream ended inside a block, which is dropped: only a blank line ends and dispatches it.'),
  })
}

/** The envelope of a plain event. Fairlead's own events (`$heartbeat`, `$reset`, …) become what they stand for. */
function toMessages({ event, data, lastEventId }: SseEvent): TailMessage[] {
  const id = lastEventId === '' ? undefined : lastEventId
  if (event.startsWith('$') && isJson(data)) {
    const control = readEnvelope(JSON.stringify({ op: event.slice(1), id, ...JSON.parse(data) }))
    if (control.length > 0) return control
  }
  const idField = id === undefined ? '' : `,"id":${JSON.stringify(id)}`
  return readEnvelope(`{"op":"event"${idField},"event":${JSON.stringify(event)},${payloadField(data)}}`)
}

function payloadField(data: string): string {
  const payload = decodeSsePayload(data)
  if (typeof payload !== 'string') return `"bytes":"${encodeBase64(payload)}"`
  return `"data":${isJson(payload) ? payload : JSON.stringify(payload)}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
