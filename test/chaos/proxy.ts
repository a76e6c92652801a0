import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Cut } from './plan.ts'

/** One client's connection and ours to the server. */
interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Bytes are still taken from both sides and go nowhere. */
  silent: boolean
}

/** A line on which nothing flows after a cut holds the next one up no longer than this, in milliseconds. */
const longestAwayMs = 10_000

const badGateway =
  'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\nconnection: close\r\n\r\nbad gateway\n'

/**
 * A proxy in front of one port of this machine, that makes its planned cuts one after the other while bytes flow: a cut
 * waits until so many bytes have passed its way since the cut before it, over whichever connections, and takes the one
 * that carries the last of them. When all are made it only forwards.
 */
export class ChaosProxy {
  /** The cuts made so far, in the order of the plan. */
  readonly made: Cut[] = []
  /** How many new connections were answered 502. */
  refused = 0
  /** Settles when the last cut was made. */
  readonly finished: Promise<void>
  readonly #target: number
  readonly #cuts: readonly Cut[]
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  #flowed = 0
  #cutAt = 0
  /** When bytes first flowed downward after the last cut. */
  #backAt: number | undefined
  #outageUntil = 0
  #finish = (): void => {}

  constructor(target: number, cuts: readonly Cut[]) {
    this.#target = target
    this.#cuts = cuts
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    if (cuts.length === 0) this.#finish()
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  /** Starts on a free port and answers it. */
  async listen(): Promise<number> {
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
    return (this.#listener.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#listener, 'close')
  }

  #accept(client: Socket): void {
    this.#keep(client)
    if (Date.now() < this.#outageUntil) {
      this.refused++
      client.once('data', () => client.end(badGateway))
      return
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#keep(server)
    const pair: Pair = { client, server, silent: false }
    this.#forward(pair, 'up')
    this.#forward(pair, 'down')
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #forward(pair: Pair, way: Cut['way']): void {
    const [from, to] = way === 'up' ? [pair.client, pair.server] : [pair.server, pair.client]
    from.on('data', (chunk: Buffer) => {
      if (pair.silent) return
      if (way === 'down') this.#backAt ??= Date.now()
      const next = this.#nextOf(way)
      const left = next ? next.bytes - this.#flowed : Number.POSITIVE_INFINITY
      if (to.writable && !to.write(chunk.subarray(0, left))) pauseUntilDrained(from, to)
      if (next && chunk.length >= left) this.#make(pair, next)
      else if (next) this.#flowed += chunk.length
    })
    from.on('end', () => (pair.silent ? from.destroy() : to.end()))
    from.on('close', () => {
      // Of a silent pair the client must not learn that the server gave up.
      if (!pair.silent || way === 'up') to.destroy()
    })
  }

  /** The next cut, when it is of this way and the rest before it is over. */
  #nextOf(way: Cut['way']): Cut | undefined {
    const next = this.#cuts[this.made.length]
    const restUntil = (this.#backAt ?? this.#cutAt + longestAwayMs) + (next?.restMs ?? 0)
    return next?.way === way && (next.restMs === 0 || Date.now() >= restUntil) ? next : undefined
  }

  #make(pair: Pair, cut: Cut): void {
    this.#flowed = 0
    this.#cutAt = Date.now()
    this.#backAt = undefined
    this.made.push(cut)
    if (cut.outageMs > 0) this.#outageUntil = Date.now() + cut.outageMs
    pair.silent = true
    if (cut.kind === 'rst') {
      pair.client.resetAndDestroy()
      pair.server.resetAndDestroy()
    } else if (cut.kind === 'fin') {
      pair.client.end()
      pair.server.end()
    }
    if (this.made.length === this.#cuts.length) this.#finish()
  }
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause()
  to.once('drain', () => from.resume())
}
