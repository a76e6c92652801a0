import WebSocket, { type ClientOptions } from 'ws'
import { decodeBinaryMessage, encodeBinaryMessage, sliceObject } from '../../protocol/index.ts'
import { createInbox, type Inbox, within } from './inbox.ts'

/** One message from the server. */
export interface WireMessage {
  readonly op: string
  readonly envelope: Readonly<Record<string, unknown>>
  /** The raw text of each field, so that payloads can be compared byte for byte. */
  readonly fields: ReadonlyMap<string, string>
  /** The bytes of a binary message. */
  readonly bytes: Uint8Array | undefined
}

/** An open WebSocket. */
export interface WireSocket {
  readonly messages: Inbox<WireMessage>
  readonly subprotocol: string
  /** The next message that is not a heartbeat. */
  next(): Promise<WireMessage>
  /** The next message with this `op`; others stay. */
  op(op: string): Promise<WireMessage>
  /** Sends a message with a new `ref` and takes its answer; other messages stay. `bytes` make it a binary one. */
  ask(message: object, bytes?: Uint8Array): Promise<WireMessage>
  /** Sends as it is. */
  send(message: string | Uint8Array): void
  /** The close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>
  /** Ends it with a close frame. */
  close(code?: number): void
  /** Ends the connection at once, without a close frame. */
  cut(): void
}

/** How to open a WebSocket. */
export interface SocketRequest extends Pick<ClientOptions, 'headers' | 'autoPong'> {
  readonly protocols?: string[] | undefined
}

/** Opens a WebSocket; fails with the status in its message when the upgrade is refused. */
export async function openWebSocket(url: URL, asked: SocketRequest = {}): Promise<WireSocket> {
  const { protocols = [], ...options } = asked
  const address = new URL(url)
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address, protocols, { perMessageDeflate: false, ...options })
  const messages = createInbox<WireMessage>()
  socket.on('message', (data: Buffer, binary: boolean) => messages.push(readMessage(data, binary)))
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code: number, reason: Buffer) => {
      messages.end(`the WebSocket was closed with ${code} ${reason.toString()}`)
      resolve({ code, reason: reason.toString() })
    })
  })
  const open = new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  await within(`the WebSocket ${address.pathname} to open`, open)
  const talk = createTalk(socket, messages)
  return { ...talk, messages, subprotocol: socket.protocol, closed }
}

function createTalk(
  socket: WebSocket,
  messages: Inbox<WireMessage>,
): Omit<WireSocket, 'messages' | 'subprotocol' | 'closed'> {
  let ref = 0
  return {
    next: () => messages.take('a message other than a heartbeat', (message) => message.op !== 'heartbeat'),
    op: (op: string) => messages.take(`a message ${op}`, (message) => message.op === op),
    ask(message: object, bytes?: Uint8Array): Promise<WireMessage> {
      const mine = ++ref
      const text = JSON.stringify({ ...message, ref: mine })
      socket.send(bytes ? encodeBinaryMessage(text, bytes) : text)
      return messages.take(`the answer to ${text.slice(0, 200)}`, (answer) => isAnswer(answer, mine))
    },
    send: (message: string | Uint8Array) => socket.send(message),
    close: (code = 1000) => socket.close(code),
    cut: () => socket.terminate(),
  }
}

function isAnswer(message: WireMessage, ref: number): boolean {
  return (message.op === 'ok' || message.op === 'error') && message.envelope.ref === ref
}

function readMessage(data: Buffer, binary: boolean): WireMessage {
  const { envelope: text, bytes } = binary
    ? decodeBinaryMessage(data)
    : { envelope: data.toString('utf8'), bytes: undefined }
  const envelope = JSON.parse(text) as Record<string, unknown>
  return { op: String(envelope.op), envelope, fields: sliceObject(text), bytes }
}
