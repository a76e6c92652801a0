import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { play } from './nats-stage.ts'
import type { CrashRow } from './row.ts'

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export const row: CrashRow = {
  id: 'nats-partition',
  fault: 'one of two servers cut off from NATS: nothing flows for 1 to 8 s, or its line is also cut',
  promise:
    'no acknowledged event passed over silently, no offset reused, appends fail in time, caught up within 5 s',
  cycles: { short: 1, full: 20 },
  missing: () => (needs('nats') ? undefined : 'nats-server is not installed'),
  async run(options) {
    const server = await startNats()
    const line = new Line(server.port)
    try {
      const bytes = 256 * 1024 * 1024
      return await play(
        {
          logs: [
            { servers: server.url, bytes },
            { servers: `nats://127.0.0.1:${await line.listen()}`, bytes },
          ],
          atOnce: 4,
          restMs: 10,
          async strike(random, cycle) {
            line.stall()
            // Longer than the deadline of an append, but not in the short version.
            await pause(options.cycles > 2 ? 1_000 + random() * 7_000 : 1_500)
            if (cycle % 2 === 1) line.cut()
            line.flow()
          },
        },
        options,
      )
    } finally {
      await line.close()
      await server.stop()
    }
  },
}

/** A line to a server on which the flow of bytes can be stopped both ways, as by a cable that was pulled out. */
class Line {
  readonly #target: number
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  #stalled = false

  constructor(target: number) {
    this.#target = target
    this.#listener = createServer((client) => this.#accept(client))
  }

  async listen(): Promise<number> {
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
    return (this.#listener.address() as AddressInfo).port
  }

  stall(): void {
    this.#stalled = true
    for (const socket of this.#sockets) socket.pause()
  }

  flow(): void {
    this.#stalled = false
    for (const socket of this.#sockets) socket.resume()
  }

  /** Ends every connection at once. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#listener.close()
    await once(this.#listener, 'close')
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    const ends: [Socket, Socket] = [client, server]
    for (const [from, to] of [ends, ends.toReversed() as [Socket, Socket]]) {
      this.#sockets.add(from)
      from.on('data', (chunk: Buffer) => void to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#stalled) from.pause()
    }
  }
}
