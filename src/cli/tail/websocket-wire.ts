import { on } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { decodeBinaryMessage, encodeBase64, isFinalClose, subprotocol } from '../../protocol/index.ts'
import { CommandError, TemporaryError } from '../errors.ts'
import { refusal, unreachable } from '../target.ts'
import { readEnvelope, type TailConnection, type TailMessage } from './wire.ts'

const closeMs = 1000

/** Reads a channel over the WebSocket at its own URL, which is subscribed from the start. */
export async function* websocketWire({ target, start, signal }: TailConnection): AsyncGenerator<TailMessage> {
  const url = new URL(target.url)
  url.protocol = url.protocol.replace('http', 'ws')
  if (start.after !== undefined) url.searchParams.set('after', start.after)
  if (start.last !== undefined) url.searchParams.set('last', String(start.last))
  const socket = new WebSocket(url, subprotocol, { headers: target.headers, perMessageDeflate: false })
  let closed = { code: 1006, reason: '' }
  socket.once('close', (code, reason) => {
    closed = { code, reason: reason.toString() }
  })
  socket.once('unexpected-response', (request, response) => {
    void readBody(response).then((body) => {
      socket.emit('error', refusal(target.url, response.statusCode ?? 0, body))
      request.destroy()
    })
  })
  try {
    for await (const [data, isBinary] of on(socket, 'message', { close: ['close'], signal })) {
      yield* readEnvelope(isBinary ? textOf(data as Buffer) : String(data))
    }
  } catch (error) {
    throw signal.aborted ? error : unreachable(target.url, error)
  } finally {
    socket.on('error', () => {}) // Ending a socket that is still connecting is an error to `ws`.
    socket.close(1000)
    setTimeout(() => socket.terminate(), closeMs).unref() // A server that is gone answers no close.
  }
  const said = `The server closed with ${closed.code}${closed.reason === '' ? '' : ` ${closed.reason}`}.`
  throw isFinalClose(closed.code) ? new CommandError(said) : new TemporaryError(said)
}

/** A binary message as the envelope that the other transports carry: bytes as base64. */
function textOf(data: Buffer): string {
  const { envelope, bytes } = decodeBinaryMessage(data)
  return `${envelope.slice(0, envelope.lastIndexOf('}'))},"bytes":"${encodeBase64(bytes)}"}`
}

async function readBody(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}
