import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** How a connection is cut: by a reset, by an end as if the server were done, or by falling silent both ways. */
export type CutKind = 'reset' | 'end' | 'silence'

/**
 * What of a server's answer gets through: all; its head and nothing after it, upward neither; or nothing until the
 * server has ended it.
 */
export type Passage = 'all' | 'head' | 'once whole'

export interface LineOptions {
  /** Decides by the head of each request. @default 'all' */
  readonly passage?: (head: string) => Passage
  /** Written in place of what the server asks readers to wait before they come back: tests cut often. */
  readonly retryMs?: number
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  passage: Passage
  /** Whether bytes still get through. */
  silent: boolean
  held: Buffer[]
}

interface PlannedCut {
  bytesLeft: number
  readonly kind: CutKind
  readonly made: () => void
}

const requestHead = /^(GET|POST|HEAD|OPTIONS) /

/** A TCP proxy between pages and one port of this machine: a line that can be cut at a byte. */
export class Line {
  readonly port: number
  /** Without a slash at the end. */
  readonly url: string
  /** While false, new connections are reset. */
  up = true
  readonly #target: number
  readonly #options: LineOptions
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  #planned: PlannedCut | undefined

  /** Starts on a free port. */
  static async to(target: number, options: LineOptions = {}): Promise<Line> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new Line(listener, target, options)
  }

  private constructor(listener: Server, target: number, options: LineOptions) {
    this.#target = target
    this.#options = options
    this.#listener = listener
    this.port = (listener.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.port}`
    listener.on('connection', (client) => this.#accept(client))
  }

  /** Cuts every connection now. */
  cut(kind: CutKind): void {
    for (const pair of [...this.#pairs]) this.#cut(pair, kind)
  }

  /**
   * Cuts the connection over which the `bytes`-th byte from now comes down, after that byte, and with it all others.
   * Resolves when it is done. One at a time.
   */
  cutAfter(bytes: number, kind: CutKind): Promise<void> {
    return new Promise((made) => {
      this.#planned = { bytesLeft: bytes, kind, made }
    })
  }

  async close(): Promise<void> {
    this.#listener.close()
    this.cut('reset')
    await once(this.#listener, 'close')
  }

  #accept(client: Socket): void {
    const { passage = () => 'all', retryMs } = this.#options
    if (!this.up) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: Pair = { client, server, passage: 'all', silent: false, held: [] }
    this.#pairs.add(pair)
    for (const socket of [client, server]) socket.on('error', () => {})
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      if (requestHead.test(text)) pair.passage = passage(text)
      if (!pair.silent) server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => this.#down(pair, retryMs ? hasty(chunk, retryMs) : chunk))
    client.on('end', () => server.end())
    server.on('end', () => {
      for (const chunk of pair.held) client.write(chunk)
      if (!pair.silent) client.end()
    })
    client.on('close', () => {
      this.#pairs.delete(pair)
      server.destroy()
    })
    server.on('close', () => {
      // A client behind a silent line must not learn that the server is gone.
      if (!pair.silent) client.destroySoon()
    })
  }

  #down(pair: Pair, chunk: Buffer): void {
    if (pair.silent) return
    if (pair.passage === 'once whole') {
      pair.held.push(chunk)
      return
    }
    const cut = this.#planned
    if (cut && chunk.length >= cut.bytesLeft) {
      this.#planned = undefined
      // The bytes before the cut are given to the kernel first; a reset may still overtake them, as on a real line.
      pair.client.write(chunk.subarray(0, cut.bytesLeft), () => {
        this.cut(cut.kind)
        cut.made()
      })
      pair.silent = true
      return
    }
    if (cut) cut.bytesLeft -= chunk.length
    if (pair.passage === 'head') return this.#headOnly(pair, chunk)
    if (!pair.client.write(chunk)) {
      pair.server.pause()
      pair.client.once('drain', () => pair.server.resume())
    }
  }

  #headOnly(pair: Pair, chunk: Buffer): void {
    const end = chunk.indexOf('\r\n\r\n')
    pair.client.write(end === -1 ? chunk : chunk.subarray(0, end + 4))
    if (end !== -1) pair.silent = true
  }

  #cut(pair: Pair, kind: CutKind): void {
    pair.silent = true
    if (kind === 'silence') return
    for (const socket of [pair.client, pair.server])
      kind === 'reset' ? socket.resetAndDestroy() : socket.destroySoon()
  }
}

/** As many digits as there were: the length of the chunk stays true. */
function hasty(chunk: Buffer, retryMs: number): Buffer {
  const text = chunk.toString('latin1')
  const retry = text.replace(
    /^retry: (\d+)$/m,
    (_, digits) => `retry: ${String(retryMs).padStart(digits.length, '0')}`,
  )
  return Buffer.from(retry, 'latin1')
}
