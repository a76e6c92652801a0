// The dashboard's page on Socket.IO.
import { io } from 'socket.io-client'

export function watchDashboard(url, show) {
  const socket = io(url, { transports: ['websocket'], forceNew: true })
  let before = false
  socket.on('connect', () => {
    // What could not be recovered is lost, and only this flag says so.
    if (before && !socket.recovered) show('gap')
    before = true
  })
  for (const name of ['order', 'stock', 'visitors']) socket.on(name, (data) => show(name, data))
  return {
    mute: (product) => socket.timeout(10_000).emitWithAck('mute', product),
    close: () => socket.close(),
  }
}
