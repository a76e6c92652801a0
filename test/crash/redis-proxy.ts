import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A line to one port of this machine that can be cut, stalled, and led to another. */
export class RedisProxy {
  readonly #listener: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #target: number
  #stalled = false
  #refusing = false

  constructor(target: number) {
    this.#target = target
    this.#listener = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  async listen(): Promise<this> {
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
    return this
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Nothing flows any more, either way; connections stay, and new ones are taken. */
  stall(): void {
    this.#stalled = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  heal(): void {
    this.#stalled = false
    this.#refusing = false
    for (const pair of this.#pairs) for (const socket of pair) socket.resume()
  }

  /** Ends all connections and takes no new ones until `heal` or `lead`. */
  cut(): void {
    this.#refusing = true
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Ends all connections; new ones go to another port. */
  lead(target: number): void {
    this.#target = target
    this.cut()
    this.heal()
  }

  async close(): Promise<void> {
    this.cut()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  #accept(client: Socket): void {
    client.on('error', () => {})
    if (this.#refusing) {
      client.destroy()
      return
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {})
      from.on('close', () => {
        this.#pairs.delete(pair)
        to.destroy()
      })
      from.pipe(to)
      if (this.#stalled) from.pause()
    }
  }
}
