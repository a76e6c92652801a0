// The dashboard on Socket.IO, with its own recovery of missed packets.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

export async function startDashboard() {
  const muted = new Set()
  const server = createServer((_, response) => response.writeHead(404).end())
  const io = new Server(server, { connectionStateRecovery: { maxDisconnectionDuration: 120_000 } })
  io.on('connection', (socket) => {
    socket.on('mute', (product, done) => {
      muted.add(product)
      done()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    muted,
    publish: (event, data) => io.emit(event, data),
    close: () => io.close(),
  }
}
