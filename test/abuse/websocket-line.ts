import type { Frame } from '../../src/testing/wire/frames.ts'
import { upgradeRequest } from '../../src/testing/wire/frames.ts'
import { inPieces, type Line, openLine, type Way } from './bytes.ts'

/** A frame to send; `lengthBytes` writes its length in a longer form than it needs. */
export interface SentFrame extends Frame {
  readonly lengthBytes?: 0 | 2 | 8 | undefined
}

/** Writes one frame. */
export function writeFrame(frame: SentFrame): Buffer {
  const { opcode, payload = '', fin = true, reserved = 0, masked = true } = frame
  const body = Buffer.from(payload as string)
  const mask = masked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0)
  if (masked) for (let i = 0; i < body.length; i++) body[i] = body[i]! ^ mask[i % 4]!
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  return Buffer.concat([Buffer.from([first]), lengthField(frame, body.length, masked), mask, body])
}

function lengthField({ claimedLength, lengthBytes }: SentFrame, own: number, masked: boolean): Buffer {
  const length = claimedLength ?? BigInt(own)
  const size = lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8)
  const bytes = Buffer.alloc(1 + size)
  bytes[0] = (masked ? 0x80 : 0) | (size === 0 ? Number(length) : size === 2 ? 126 : 127)
  if (size === 2) bytes.writeUInt16BE(Number(length), 1)
  if (size === 8) bytes.writeBigUInt64BE(length, 1)
  return bytes
}

/** A frame of the server, as it stood on the wire. */
export interface HeardFrame {
  readonly opcode: number
  readonly payload: Buffer
  readonly fin: boolean
  readonly reserved: number
  readonly masked: boolean
  /** How many bytes its extended length took: 0, 2 or 8. */
  readonly lengthBytes: number
}

/** What a server said on a WebSocket. */
export interface HeardFrames {
  /** Of the answer to the upgrade. */
  readonly status: number
  readonly head: string
  readonly frames: readonly HeardFrame[]
  readonly closed: boolean
}

/** Reads the answer to an upgrade and the whole frames behind it. */
export function readFrames(bytes: Buffer, closed: boolean): HeardFrames {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return { status: 0, head: '', frames: [], closed }
  const head = bytes.subarray(0, end).toString('latin1')
  const frames: HeardFrame[] = []
  for (let at = end + 4; ; ) {
    const found = readFrame(bytes, at)
    if (!found) return { status: Number(head.split(' ')[1]), head, frames, closed }
    frames.push(found.frame)
    at = found.end
  }
}

function readFrame(bytes: Buffer, at: number): { frame: HeardFrame; end: number } | undefined {
  if (at + 2 > bytes.length) return undefined
  const short = bytes[at + 1]! & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = at + 2 + lengthBytes
  if (start > bytes.length) return undefined
  const length =
    lengthBytes === 0
      ? short
      : lengthBytes === 2
        ? bytes.readUInt16BE(at + 2)
        : Number(bytes.readBigUInt64BE(at + 2))
  if (start + length > bytes.length) return undefined
  const first = bytes[at]!
  const frame = {
    opcode: first & 0x0f,
    payload: bytes.subarray(start, start + length),
    fin: (first & 0x80) !== 0,
    reserved: (first >> 4) & 7,
    masked: (bytes[at + 1]! & 0x80) !== 0,
    lengthBytes,
  }
  return { frame, end: start + length }
}

/** What to ask on a WebSocket written by hand. */
export interface Talk {
  readonly port: number
  /** The path and query. */
  readonly path: string
  /** Header lines in place of or behind the usual ones. */
  readonly lines?: readonly string[] | undefined
  readonly bytes: Uint8Array
  readonly way: Way
  /** The talk is over, before the server's close frame. */
  readonly enough?: ((heard: HeardFrames) => boolean) | undefined
  readonly withinMs?: number | undefined
}

/**
 * Opens a WebSocket, sends, and hears the server to its close frame. Pipelined: everything in one packet with the
 * upgrade, before it was answered.
 */
export async function talk({
  port,
  path,
  lines = [],
  bytes,
  way,
  enough,
  withinMs,
}: Talk): Promise<HeardFrames> {
  const line = openLine(port)
  const opening = Buffer.from(upgradeRequest(new URL(`http://127.0.0.1:${port}${path}`), lines), 'latin1')
  try {
    if (way === 'pipelined') await line.send([Buffer.concat([opening, bytes])])
    else await open(line, opening, bytes, way)
    const over = (heard: HeardFrames): boolean =>
      (heard.status !== 101 && heard.status !== 0) || heard.frames.some(isClose) || enough?.(heard) === true
    const { bytes: all, closed } = await line.until((heard) => over(readFrames(heard, false)), withinMs)
    return readFrames(all, closed)
  } finally {
    line.cut()
  }
}

async function open(line: Line, opening: Buffer, bytes: Uint8Array, way: Way): Promise<void> {
  await line.send(inPieces(opening, way))
  const { bytes: answer } = await line.until((heard) => heard.includes('\r\n\r\n'))
  if (readFrames(answer, false).status === 101) await line.send(inPieces(bytes, way))
}

/** Whether it is a close frame. */
function isClose({ opcode }: HeardFrame): boolean {
  return opcode === 8
}

/** A close frame. */
export function closeFrame(code?: number, reason: string | Uint8Array = ''): SentFrame {
  if (code === undefined) return { opcode: 8 }
  return {
    opcode: 8,
    payload: Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason as string)]),
  }
}

/** A message cut into frames, the first with its opcode. */
export function inFragments(opcode: number, parts: readonly (string | Uint8Array)[]): SentFrame[] {
  return parts.map((payload, i) => ({ opcode: i === 0 ? opcode : 0, payload, fin: i === parts.length - 1 }))
}
