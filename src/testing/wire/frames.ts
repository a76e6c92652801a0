import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { within } from './inbox.ts'

/**
 * WebSocket frames written by hand (RFC 6455, 5.2), for what no client library would send.
 */

/** One frame; the defaults are those of a well-behaved client. */
export interface Frame {
  readonly opcode: number
  readonly payload?: string | Uint8Array | undefined
  readonly fin?: boolean | undefined
  /** The three reserved bits, as 0 to 7. */
  readonly reserved?: number | undefined
  readonly masked?: boolean | undefined
  /** A length to claim in place of the payload's own. */
  readonly claimedLength?: bigint | undefined
}

/** Writes one frame. */
function encodeFrame(frame: Frame): Uint8Array {
  const { opcode, payload = '', fin = true, reserved = 0, masked = true, claimedLength } = frame
  const body = Buffer.from(typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload)
  const mask = masked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0)
  if (masked) for (let i = 0; i < body.length; i++) body[i] = body[i]! ^ mask[i % 4]!
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const length = encodeLength(claimedLength ?? BigInt(body.length), masked)
  return Buffer.concat([Buffer.from([first]), length, mask, body])
}

function encodeLength(length: bigint, masked: boolean): Buffer {
  const bit = masked ? 0x80 : 0
  if (length < 126n) return Buffer.from([bit | Number(length)])
  const short = length < 65536n
  const bytes = Buffer.alloc(short ? 3 : 9)
  bytes[0] = bit | (short ? 126 : 127)
  if (short) bytes.writeUInt16BE(Number(length), 1)
  else bytes.writeBigUInt64BE(length, 1)
  return bytes
}

/** Opens a WebSocket by hand, sends the frames, and answers with the code of the server's close frame (1006: none). */
export async function askFrames(url: URL, frames: readonly Frame[]): Promise<number> {
  const socket = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''))
  socket.on('error', () => {})
  try {
    const code = new Promise<number>((resolve) => {
      let seen: Buffer = Buffer.alloc(0)
      let sent = false
      socket.on('data', (chunk) => {
        seen = Buffer.concat([seen, chunk])
        const head = seen.indexOf('\r\n\r\n')
        if (head === -1) return
        if (!sent) {
          sent = true
          for (const frame of frames) socket.write(encodeFrame(frame))
        }
        const close = findClose(seen.subarray(head + 4))
        if (close !== undefined) resolve(close)
      })
      socket.on('close', () => resolve(1006))
    })
    socket.write(upgradeRequest(url))
    return await within('the close frame', code)
  } finally {
    socket.destroy()
  }
}

/** A correct upgrade request for `url`, with other header lines in place of or behind its own. */
export function upgradeRequest(url: URL, lines: readonly string[] = []): string {
  const given = new Set(lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase()))
  const own = [
    `Host: ${url.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ].filter((line) => !given.has(line.slice(0, line.indexOf(':')).toLowerCase()))
  const all = [...own, ...lines.filter((line) => !line.endsWith(':'))]
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`
}

/** Walks over the server's unmasked frames to a close frame. */
function findClose(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const opcode = bytes[at]! & 0x0f
    let length = bytes[at + 1]! & 0x7f
    let start = at + 2
    if (length === 126) {
      if (start + 2 > bytes.length) return undefined
      length = bytes.readUInt16BE(start)
      start += 2
    }
    if (start + length > bytes.length) return undefined
    if (opcode === 8) return length >= 2 ? bytes.readUInt16BE(start) : 1005
    at = start + length
  }
  return undefined
}
