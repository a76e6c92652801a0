import type { Endpoint } from './endpoint.ts'
import type { Link } from './link.ts'
import type { Deliver } from './outbox.ts'
import { encodeSendText } from './outgoing-send.ts'
import type { SendReply } from './transports/stream.ts'

/** Sends over the WebSocket where one is in use, else by `POST /live`. */
export function createUpstream(link: Link, endpoint: Endpoint): Deliver {
  return async (batch, reply, signal) => {
    const socket = link.current()?.controls
    if (socket) return socket.send(batch, reply)
    const body = `[${batch.map((send, ref) => encodeSendText(send, ref))}]`
    const replies = await endpoint.json<SendReply[]>({ body, signal })
    return replies.map((one, ref) => reply({ ...one, ref }))
  }
}
