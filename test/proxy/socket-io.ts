import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'

/** Servers of Socket.IO as its first example has them; their sessions are in memory, as is its default. */
export async function startSocketIo(count: number): Promise<{ ports: number[]; stop(): Promise<void> }> {
  const servers: { io: Server; http: HttpServer }[] = []
  for (let i = 0; i < count; i++) {
    const http = createServer()
    const io = new Server(http)
    io.on('connection', (socket) =>
      socket.on('ask', (text: string, answer: (text: string) => void) => answer(text)),
    )
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    servers.push({ io, http })
  }
  return {
    ports: servers.map(({ http }) => (http.address() as AddressInfo).port),
    async stop() {
      for (const { io, http } of servers) {
        http.closeAllConnections()
        await io.close()
      }
    },
  }
}
