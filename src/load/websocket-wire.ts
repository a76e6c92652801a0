import { WebSocket } from 'ws'
import { decodeBinaryMessage, subprotocol } from '../protocol/index.ts'
import { readEnvelope, untilCut, urlOf, type Wire } from './wire.ts'

/** A WebSocket at the channel's own URL, which is subscribed from the start. */
export const websocketWire: Wire = (start, wanted) => {
  const url = urlOf(start)
  url.protocol = url.protocol.replace('http', 'ws')
  const socket = new WebSocket(url, subprotocol, {
    headers: start.headers,
    perMessageDeflate: false,
    skipUTF8Validation: true,
  })
  const { sink, cut } = untilCut(wanted, () => socket.terminate())
  let opened = false
  socket.on('message', (data: Buffer, isBinary) => {
    readEnvelope(isBinary ? decodeBinaryMessage(data).envelope : data.toString('utf8'), sink)
    if (opened) return
    opened = true // The first message, a heartbeat, says where the stream starts.
    sink.opened()
  })
  socket.on('error', (error) => sink.ended(String(error)))
  socket.on('close', (code) => sink.ended(`closed with ${code}`))
  return cut
}
