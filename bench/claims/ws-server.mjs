// The dashboard on bare ws: ids, a log to replay from, pings, and an answer to each mute.
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'

const keep = 1000

export async function startDashboard({ heartbeatMs = 25_000 } = {}) {
  const run = Date.now().toString(36)
  const log = []
  const muted = new Set()
  let newest = 0
  const server = createServer((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server, maxPayload: 4096 })

  function publish(event, data) {
    const entry = { id: ++newest, event, data }
    log.push(entry)
    if (log.length > keep) log.shift()
    const text = JSON.stringify({ ...entry, id: `${run}.${entry.id}` })
    for (const socket of sockets.clients) {
      if (!socket.ready || socket.readyState !== WebSocket.OPEN) continue
      // A reader that does not read must not fill this process: it comes back, and reads on.
      if (socket.bufferedAmount > 1_000_000) socket.terminate()
      else socket.send(text)
    }
  }

  function resume(socket, after) {
    socket.send(JSON.stringify({ event: 'hello', id: `${run}.${newest}` }))
    socket.ready = true
    if (!after) return
    const [itsRun, position] = after.split('.')
    const oldest = log[0]?.id ?? newest + 1
    if (itsRun !== run || Number(position) + 1 < oldest)
      return socket.send(JSON.stringify({ event: 'gap', id: `${run}.${newest}` }))
    for (const entry of log)
      if (entry.id > Number(position)) socket.send(JSON.stringify({ ...entry, id: `${run}.${entry.id}` }))
  }

  function take(socket, data) {
    let message
    try {
      message = JSON.parse(data)
    } catch {
      return socket.close(1007, 'not JSON')
    }
    if (message.op === 'resume') return resume(socket, message.after)
    if (message.op !== 'mute') return socket.close(1008, 'unknown op')
    muted.add(message.product)
    socket.send(JSON.stringify({ event: 'done', ref: message.ref }))
  }

  sockets.on('connection', (socket) => {
    socket.alive = true
    socket.on('pong', () => {
      socket.alive = true
    })
    socket.on('error', () => socket.terminate())
    socket.on('message', (data) => take(socket, data))
  })
  const heartbeat = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!socket.alive) {
        socket.terminate()
        continue
      }
      socket.alive = false
      socket.ping()
      // A page cannot see pings: its watchdog needs a message.
      if (socket.ready) socket.send(JSON.stringify({ event: 'heartbeat' }))
    }
  }, heartbeatMs)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    muted,
    publish,
    close() {
      clearInterval(heartbeat)
      for (const socket of sockets.clients) socket.terminate()
      server.close()
    },
  }
}
