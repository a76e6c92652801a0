import type { StoredEvent } from '../hub/channel-log.ts'
import type { Encoding } from '../hub/connection.ts'
import {
  encodeBinaryMessage,
  encodeEventHeader,
  encodeEventMessage,
  encodeSseBlock,
  encodeSseEvent,
  formatPosition,
} from '../protocol/index.ts'
import { binaryFrame, textFrame } from './websocket-frame.ts'

/** The application's payload as it is, for a browser's EventSource and for curl. */
export const ssePlain: Encoding = {
  name: 'sse',
  encode: (event, epoch) =>
    Buffer.from(encodeSseEvent({ id: idOf(event, epoch), name: event.event, payload: event.payload })),
}

/** The same on a stream of several channels: names become `CHANNEL:NAME`. */
export const sseSeveral: Encoding = {
  name: 'sse-several',
  encode: (event, epoch) =>
    Buffer.from(
      encodeSseEvent({
        id: idOf(event, epoch),
        name: `${event.channel}:${event.event}`,
        payload: event.payload,
      }),
    ),
}

/** One envelope a block: what the SDK reads. */
export const sseEnvelope: Encoding = {
  name: 'sse-envelope',
  encode: (event, epoch) =>
    Buffer.from(encodeSseBlock({ id: idOf(event, epoch), data: envelopeOf(event, epoch) })),
}

/** A text frame of the envelope; bytes are a binary frame. */
export const websocketJson: Encoding = {
  name: 'websocket',
  encode(event, epoch) {
    if (typeof event.payload === 'string') return textFrame(envelopeOf(event, epoch))
    const header = encodeEventHeader({ ...event, id: idOf(event, epoch) })
    return binaryFrame(encodeBinaryMessage(header, event.payload))
  },
}

/** The envelope's text, as it stands in the list of a history or a long-poll. */
export const historyJson: Encoding = {
  name: 'history',
  encode: (event, epoch) => Buffer.from(envelopeOf(event, epoch)),
}

function envelopeOf(event: StoredEvent, epoch: string): string {
  const { channel, event: name, payload, time, tag } = event
  return encodeEventMessage({ channel, id: idOf(event, epoch), event: name, payload, time, tag })
}

function idOf(event: StoredEvent, epoch: string): string | undefined {
  return event.offset === null ? undefined : formatPosition(epoch, event.offset)
}
