import { type RawData, WebSocket } from 'ws'
import type { WebSocketStream } from './websocket.ts'

/** A WebSocket that knows its stream: ten thousand of them share the functions that listen to it. */
export class StreamSocket extends WebSocket {
  stream: WebSocketStream | undefined = undefined
}

/** Has a stream told what comes on its socket. */
export function streamTo(stream: WebSocketStream, ws: StreamSocket): void {
  ws.stream = stream
  ws.on('message', onMessage)
  ws.on('ping', onPing)
  ws.on('pong', onPong)
  ws.on('error', ignore) // `ws` closes with the right code; the close is what counts.
  ws.on('close', onClose)
}

function onMessage(this: WebSocket, data: RawData, binary: boolean): void {
  streamOf(this)?.take(data, binary)
}

function onPing(this: WebSocket): void {
  streamOf(this)?.countControl()
}

function onPong(this: WebSocket): void {
  streamOf(this)?.heard()
}

function onClose(this: WebSocket, code: number): void {
  streamOf(this)?.closed(code)
}

function ignore(): void {}

function streamOf(ws: WebSocket): WebSocketStream | undefined {
  return ws instanceof StreamSocket ? ws.stream : undefined
}
