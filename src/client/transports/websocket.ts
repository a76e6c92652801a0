import { decodeBinaryMessage } from '../../protocol/binary.ts'
import { isTemporary } from '../../protocol/errors.ts'
import {
  type AuthMessage,
  type EventMessage,
  type ServerMessage,
  type SubscribeMessage,
  subprotocol,
  type UnsubscribeMessage,
} from '../../protocol/messages.ts'
import { closeEnding, ending, refused } from '../ending.ts'
import { encodeSendFrame } from '../outgoing-send.ts'
import type { Subscription } from '../subscription.ts'
import { findWebSocket, type WebSocketLike } from './find-websocket.ts'
import type { Duplex, SendReply, StreamRequest, StreamSink, Transport } from './stream.ts'

/** Close codes that a client may use: it leaves, or goes on in another stream. */
const leavesCode = 1000
const staysCode = 3000
/** How long a socket that was replaced still waits for the answers to what it has sent. */
const lingerMs = 5_000
/** How long the server may take to answer an `auth` or a `subscribe`. */
const answerMs = 10_000

type Question = Omit<AuthMessage, 'ref'> | Omit<SubscribeMessage, 'ref'> | Omit<UnsubscribeMessage, 'ref'>

/** One WebSocket: any number of channels, and sends. */
export const websocket: Transport = async (request, sink, signal) => {
  const { endpoint, clientId } = request
  const WebSocket = await findWebSocket(request.WebSocket)
  const token = await endpoint.token()
  if (!WebSocket || signal.aborted) throw new Error('No WebSocket here.')
  const url = endpoint.url('', clientId ? [['client', clientId]] : []).replace(/^http/, 'ws')
  return new Promise<never>((_, reject) => {
    const socket = new WebSocket(url, [subprotocol])
    const talk = converse(socket, request, sink, reject)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => talk.greet(token)
    socket.onmessage = talk.take
    // What goes wrong is told by the close that follows; without a listener, `ws` would throw it.
    socket.onerror = () => {}
    socket.onclose = (event: CloseEvent) => talk.fail(closeEnding(event))
    signal.addEventListener('abort', talk.leave)
  })
}

/** What is said on one socket, both ways. Long because questions, sends and the end share who waits for an answer. */
function converse(
  socket: WebSocketLike,
  { clock, endpoint, subscriptions, clientId: client }: StreamRequest,
  sink: StreamSink,
  reject: (error: unknown) => void,
) {
  const followed = new Map<string, Subscription>()
  /** By `ref`; called with nothing when the socket ends first. */
  const replies = new Map<number, (reply?: SendReply) => void>()
  let refs = 0
  let batches = 0
  let sending = 0
  let hasLeft = false
  let cancelLinger = () => {}

  const shut = (code: number) => {
    cancelLinger()
    socket.close(code)
    for (const [ref, reply] of replies) {
      replies.delete(ref)
      reply()
    }
  }

  /** It is over, or must be. */
  const fail = (error: unknown) => {
    reject(error)
    shut(staysCode)
  }

  const expect = (reply: (reply?: SendReply) => void): number => {
    replies.set(++refs, reply)
    return refs
  }

  /** Asks something; without an answer in time the socket counts as lost. */
  const ask = (question: Question, reply: (reply: SendReply) => void) => {
    const cancel = clock.after(answerMs, () => fail(new Error(`No answer to ${question.op}.`)))
    const ref = expect((answer) => {
      cancel()
      if (answer) reply(answer)
    })
    socket.send(JSON.stringify({ ...question, ref }))
  }

  const subscribe = (one: Subscription) => {
    const { channel, position, start } = one
    const from = position ? { after: position } : start
    followed.set(channel, one)
    ask({ op: 'subscribe', channel, ...from, client }, (answer) => {
      if (followed.get(channel) !== one) return
      if (answer.op === 'ok') sink.joined(one, answer.position!)
      else if (isTemporary(answer.code)) fail(refused(answer))
      else one.take({ op: 'denied', channel, code: answer.code })
    })
  }

  const duplex: Duplex = {
    renew: (token) => ask({ op: 'auth', token }, () => {}),
    follow(wanted) {
      for (const [channel, one] of followed) {
        if (wanted.includes(one)) continue
        followed.delete(channel)
        ask({ op: 'unsubscribe', channel }, () => {})
      }
      for (const one of wanted) if (!followed.has(one.channel)) subscribe(one)
    },
    send(batch, reply) {
      batches++
      const answers = batch.map(
        (one, ref) =>
          new Promise<void>((resolve, reject) => {
            sending++
            const own = expect((answer) => {
              sending--
              if (!answer) return reject(new Error('The stream ended.'))
              reply({ ...answer, ref })
              resolve()
            })
            socket.send(encodeSendFrame(one, own, batches))
          }),
      )
      return Promise.all(answers)
    },
  }

  /** Connected: says who is asking, if there is a token, and then what it is about. */
  const greet = (token: string | undefined, isNew = false) => {
    const begin = () => {
      sink.duplex(duplex)
      duplex.follow(subscriptions)
    }
    if (!token) return begin()
    ask({ op: 'auth', token }, (answer) => {
      if (answer.op === 'ok') begin()
      else if (isNew) fail(refused(answer))
      else endpoint.renewToken().then((renewed) => greet(renewed, true), fail)
    })
  }

  const take = ({ data }: { data: unknown }) => {
    try {
      const binary =
        typeof data === 'string' ? undefined : decodeBinaryMessage(new Uint8Array(data as ArrayBuffer))
      const message: ServerMessage = JSON.parse(binary ? binary.envelope : (data as string))
      sink.heard(binary ? (data as ArrayBuffer).byteLength : (data as string).length)
      if (message.op === 'ok' || message.op === 'error') {
        const reply = replies.get(message.ref)
        replies.delete(message.ref)
        reply?.(message)
        if (hasLeft && !sending) shut(staysCode)
      } else if (message.op === 'bye') fail(ending(message.reason, 'retry', message))
      else sink.take(binary ? ({ ...message, data: binary.bytes } as EventMessage) : message)
    } catch (error) {
      fail(error)
    }
  }

  /** The client parts with it. What has been sent is being handled: its answer spares the handler a second run. */
  const leave = () => {
    const { farewell } = sink
    hasLeft = true
    if (farewell === 'replaced' && sending) cancelLinger = clock.after(lingerMs, () => shut(staysCode))
    else shut(farewell === 'goodbye' ? leavesCode : staysCode)
  }

  return { greet, take, fail, leave }
}
