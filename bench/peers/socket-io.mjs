// Socket.IO with rooms, WebSocket from the start, and what its pages on performance and memory advise: no client served,
// no compression (the default), the first HTTP request let go. Its packets are encoded once for a room by its adapter.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { serveControl } from './control.mjs'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], serveClient: false })
io.engine.on('connection', (raw) => {
  raw.request = null
})
let stored = 0
io.on('connection', (socket) => {
  const { channel } = socket.handshake.auth
  if (channel !== undefined) socket.join(channel)
  socket.on('say', (_data, answer) => answer({ id: ++stored }))
})

http.listen(0, '127.0.0.1', () => {
  serveControl(http.address().port, (channel, event) => io.to(String(channel)).emit('tick', event))
})
