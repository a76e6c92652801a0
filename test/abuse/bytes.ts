import { connect, type Socket } from 'node:net'
import { within } from '../../src/testing/wire/inbox.ts'

/** How an input is sent. */
export type Way = 'whole' | 'byte by byte' | 'pipelined' | 'in parallel'

/** Every way, in the order of the table. */
export const ways: readonly Way[] = ['whole', 'byte by byte', 'pipelined', 'in parallel']

/** Bytes to send one after the other, each with a turn of the event loop of its own. */
export type Pieces = readonly Uint8Array[]

/** Bytes at either end of a long input that are sent one at a time; what is between goes in pieces of 1 KiB. */
const singleBytes = 600

/** Cuts bytes for a way: one byte a piece, or all in one. Long ones are cut finely at their ends alone, which is where parsers stop. */
export function inPieces(bytes: Uint8Array, way: Way): Pieces {
  if (way !== 'byte by byte') return [bytes]
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const fine = at < singleBytes || at >= bytes.length - singleBytes
    const end = fine ? at + 1 : Math.min(at + 1024, bytes.length - singleBytes)
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}

/** Latin-1, so that a case can write any byte as `\xNN`. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** What came on a connection. */
export interface Heard {
  readonly bytes: Buffer
  /** The server ended the connection. */
  readonly closed: boolean
}

/** A connection whose bytes are written by hand. */
export interface Line {
  readonly socket: Socket
  send(pieces: Pieces): Promise<void>
  /** Resolves as soon as `enough` holds, or the server has ended the connection. */
  until(enough: (heard: Buffer) => boolean, withinMs?: number): Promise<Heard>
  /** Ends it without a trace: a thousand of these leave no port in TIME_WAIT. */
  cut(): void
}

let connections = 0

/** Opens a connection, each from another address of this machine: what an address is refused must not refuse the next. */
export function openLine(port: number): Line {
  const n = connections++
  const localAddress = `127.${1 + ((n >> 14) & 63)}.${(n >> 7) & 127}.${1 + (n & 127)}`
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.setNoDelay(true)
  socket.on('error', () => {})
  let chunks: Buffer[] = []
  let closed = false
  let look = (): void => {}
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    look()
  })
  socket.on('end', () => socket.destroy())
  socket.on('close', () => {
    closed = true
    look()
  })
  return {
    socket,
    async send(pieces) {
      for (const piece of pieces) {
        if (socket.destroyed) return
        socket.write(piece)
        if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve))
      }
    },
    until(enough, withinMs = 30_000) {
      const whole = new Promise<Heard>((resolve) => {
        look = () => {
          const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
          chunks = [bytes]
          if (closed || enough(bytes)) resolve({ bytes, closed })
        }
        look()
      })
      return within('an answer to raw bytes', whole, withinMs)
    },
    cut: () => void socket.resetAndDestroy(),
  }
}

/** Runs tasks, at most `atOnce` of them at a time. */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await task(items[i]!)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}
