import { connect, type Socket } from 'node:net'

/** One reader on a bare socket. */
export interface RawReaderSetup {
  readonly transport: 'sse' | 'websocket'
  readonly port: number
  readonly channel: string
  /** Comes back, and stops reading again, when the server ends it. @default false */
  readonly returns?: boolean
}

/** What stood on the wire, in its order. */
export interface Seen {
  /** Numbers of events; 0 is a `reset` with the reason `dropped`, -1 any other reset. */
  readonly marks: readonly number[]
  readonly ends: number
}

const mark = /"n":(\d+),|"reason":"(\w+)"/g
/** The longest text in which a mark could be cut in two. */
const longestMark = 64

/** Reads on a bare socket, which alone can stop reading when it is told. */
export class RawReader {
  readonly opened: Promise<void>
  readonly #setup: RawReaderSetup
  readonly #index: number
  #socket!: Socket
  #marks: number[] = []
  #ends = 0
  #rest = ''
  #paused = false
  #closed = false

  constructor(setup: RawReaderSetup, index: number) {
    this.#setup = setup
    this.#index = index
    this.opened = this.#open()
  }

  get seen(): Seen {
    return { marks: this.#marks, ends: this.#ends }
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  close(): void {
    this.#closed = true
    this.#socket.destroy()
  }

  #open(): Promise<void> {
    const { port } = this.#setup
    // Each loopback address has ephemeral ports of its own.
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${1 + (this.#index % 8)}` })
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('close', () => this.#ended())
    socket.write(handshake(this.#setup))
    return new Promise((resolve) => {
      socket.on('data', (chunk) => {
        this.#take(chunk)
        resolve()
        if (this.#paused) socket.pause()
      })
      socket.once('close', () => resolve())
    })
  }

  #ended(): void {
    this.#ends++
    if (this.#closed || !this.#setup.returns) return
    setTimeout(() => {
      if (!this.#closed) void this.#open()
    }, 500)
  }

  #take(chunk: Buffer): void {
    const text = this.#rest + chunk.toString('latin1')
    let from = 0
    for (const found of text.matchAll(mark)) {
      this.#marks.push(found[1] === undefined ? (found[2] === 'dropped' ? 0 : -1) : Number(found[1]))
      from = found.index + found[0].length
    }
    this.#rest = text.slice(Math.max(from, text.length - longestMark))
    // A reader of many events only needs the newest ones: nothing here may grow with the run.
    if (this.#marks.length > 20_000) this.#marks = this.#marks.slice(-10_000)
  }
}

function handshake({ transport, channel }: RawReaderSetup): string {
  const lines =
    transport === 'sse'
      ? ['accept: text/event-stream']
      : [
          'connection: upgrade',
          'upgrade: websocket',
          'sec-websocket-version: 13',
          'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
        ]
  return `GET /live/${channel} HTTP/1.1\r\nhost: localhost\r\n${lines.join('\r\n')}\r\n\r\n`
}
