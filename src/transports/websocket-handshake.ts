import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { subprotocol } from '../protocol/index.ts'

/** What shows that the answer is to this handshake (RFC 6455, section 1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * Answers a handshake that was looked at before. `mayDeflate`: an offer of compressed messages is taken, each message by itself,
 * so that a frame is compressed once for all readers and a socket keeps no window (RFC 7692, section 7.1.1). Whether one was.
 */
export function shakeHands({ headers }: IncomingMessage, socket: Socket, mayDeflate: boolean): boolean {
  const accept = hash('sha1', headers['sec-websocket-key'] + guid, 'base64')
  const extension = mayDeflate ? agreedDeflate(headers['sec-websocket-extensions']) : undefined
  const protocolLine =
    headers['sec-websocket-protocol'] === undefined ? '' : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`
  const extensionLine = extension === undefined ? '' : `Sec-WebSocket-Extensions: ${extension}\r\n`
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n${protocolLine}${extensionLine}\r\n`,
  )
  return extension !== undefined
}

/** The first offer that can be met, as the answer says it; the others are declined, and no fault. */
export function agreedDeflate(offers: string | undefined): string | undefined {
  for (const offer of (offers ?? '').split(',')) {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim())
    if (name !== 'permessage-deflate' || !isMet(parameters)) continue
    const bits = parameters.some((one) => one.startsWith(serverBits))
    return `permessage-deflate; server_no_context_takeover; client_no_context_takeover${bits ? `; ${serverBits}=15` : ''}`
  }
  return undefined
}

const serverBits = 'server_max_window_bits'
/** Ours is always the largest window, so a smaller one that is asked of us is not met; of a client's, any will do. */
const metParameter =
  /^(?:(?:server|client)_no_context_takeover|server_max_window_bits="?15"?|client_max_window_bits(?:="?(?:[89]|1[0-5])"?)?)$/

function isMet(parameters: readonly string[]): boolean {
  const names = new Set(parameters.map((one) => one.split('=')[0]))
  return names.size === parameters.length && parameters.every((one) => metParameter.test(one))
}
