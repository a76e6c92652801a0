import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A hop that forgets what is idle, as a translator of addresses does, and says so with a reset. */
export interface IdleLine {
  readonly port: number
  /** How many connections it cut. */
  cuts(): number
  close(): Promise<void>
}

/** Starts a hop before a port of this machine; a connection is cut when no byte passed either way for `idleMs`. */
export async function startIdleLine(target: number, idleMs: number): Promise<IdleLine> {
  const sockets = new Set<Socket>()
  let cuts = 0
  const listener = createServer((client) => {
    const server = connect({ port: target, host: '127.0.0.1' })
    let timer: NodeJS.Timeout
    const passed = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        cuts++
        client.resetAndDestroy()
        server.resetAndDestroy()
      }, idleMs)
    }
    passed()
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('data', (chunk) => {
        passed()
        to.write(chunk)
      })
      from.on('close', () => {
        clearTimeout(timer)
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    cuts: () => cuts,
    async close() {
      listener.close()
      for (const socket of sockets) socket.destroy()
      await once(listener, 'close')
    },
  }
}
