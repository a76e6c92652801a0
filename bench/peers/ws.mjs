// Bare `ws`, as its README broadcasts: a loop over the clients that are open. The bytes are made once (a Buffer that is
// sent as text), compression is off as it is by default, and clients are kept by channel so that no loop meets a
// stranger. Nothing is kept, nothing resumed, a slow reader's queue grows.
import { WebSocket, WebSocketServer } from 'ws'
import { serveControl, told } from './control.mjs'

// As its README advises for memory: no context kept, and small messages compressed too, as the row asks.
const perMessageDeflate = told.compress ? { serverNoContextTakeover: true, threshold: 0 } : false
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate })
const channels = new Map()

server.on('connection', (socket, request) => {
  socket.on('error', () => {})
  if (request.url === '/answer') return socket.once('message', (data) => socket.send(data, { binary: false }))
  const name = Number(request.url.slice(3))
  const clients = channels.get(name) ?? new Set()
  channels.set(name, clients)
  clients.add(socket)
  socket.on('close', () => clients.delete(socket))
})

server.on('listening', () => {
  serveControl(server.address().port, (channel, event) => {
    const data = Buffer.from(JSON.stringify(event))
    for (const client of channels.get(channel) ?? []) {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false })
    }
  })
})
