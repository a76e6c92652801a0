import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line to one port of this machine that is as far as another town. */
export interface SlowLine {
  readonly port: number
  close(): Promise<void>
}

/** Starts a line on which every byte takes `delayMs` each way. */
export async function startSlowLine(target: number, delayMs: number): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  /** Timers of one length fire in the order they were made: so nothing overtakes. */
  const carry = (from: Socket, to: Socket): void => {
    keep(from)
    from.on('data', (chunk) => void setTimeout(() => to.write(chunk), delayMs))
    from.on('end', () => void setTimeout(() => to.end(), delayMs))
    from.on('close', () => void setTimeout(() => to.destroy(), delayMs))
  }
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    carry(client, server)
    carry(server, client)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    async close() {
      listener.close()
      for (const socket of sockets) socket.destroy()
      await once(listener, 'close')
    },
  }
}
