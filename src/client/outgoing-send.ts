import { encodeBase64 } from '../protocol/base64.ts'
import { encodeBinaryMessage } from '../protocol/binary.ts'
import { FairleadError } from '../protocol/errors.ts'
import { payloadBytes } from '../protocol/limits.ts'
import type { SendMessage } from '../protocol/messages.ts'
import { exceedsBytes } from '../protocol/names.ts'
import type { Payload } from '../protocol/payload.ts'

/** What is sent beside the payload. */
export type SendHeader = Omit<SendMessage, 'op' | 'ref' | 'data' | 'bytes' | 'batch'>

/** A send on its way. Its key makes it safe to send again. */
export interface OutgoingSend {
  readonly header: SendHeader & { readonly key: string }
  readonly payload: Payload
}

/**
 * Turns an application's value into what is sent, and sent again unchanged whatever becomes of the value. Throws what
 * would end a connection, or a whole batch; all else is for the server to refuse.
 */
export function toOutgoingPayload(data: unknown): Payload {
  const payload: Payload | undefined = data instanceof Uint8Array ? data.slice() : JSON.stringify(data)
  if (payload === undefined) throw new FairleadError('invalid_json', 'The data cannot be written as JSON.')
  const isText = typeof payload === 'string'
  if (isText ? exceedsBytes(payload, payloadBytes) : payload.length > payloadBytes) {
    throw new FairleadError('payload_too_large', `A payload is at most ${payloadBytes} bytes.`)
  }
  return payload
}

/** Writes a send as JSON text; bytes become base64. `batch` is a WebSocket's. */
export function encodeSendText({ header, payload }: OutgoingSend, ref: number, batch?: number): string {
  const text = encodeHeader(header, ref, batch).slice(0, -1)
  // JSON goes as it was written when the application handed it over.
  return typeof payload === 'string'
    ? `${text},"data":${payload}}`
    : `${text},"bytes":"${encodeBase64(payload)}"}`
}

/** Writes a send as a WebSocket's message, where bytes travel as they are. */
export function encodeSendFrame(
  send: OutgoingSend,
  ref: number,
  batch: number,
): string | Uint8Array<ArrayBuffer> {
  const { header, payload } = send
  return typeof payload === 'string'
    ? encodeSendText(send, ref, batch)
    : encodeBinaryMessage(encodeHeader(header, ref, batch), payload)
}

const encodeHeader = (header: SendHeader, ref: number, batch?: number) =>
  JSON.stringify({ op: 'send', ref, batch, ...header })
