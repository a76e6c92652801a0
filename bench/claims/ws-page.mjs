// The dashboard's page on a native WebSocket.

export function watchDashboard(url, show, { silentMs = 60_000, answerMs = 10_000 } = {}) {
  const waiting = new Map()
  let socket
  let last
  let refs = 0
  let failures = 0
  let watchdog
  let retry
  let closed = false

  function heard() {
    failures = 0
    clearTimeout(watchdog)
    watchdog = setTimeout(open, silentMs) // The line died and nobody said so.
  }

  function open() {
    if (socket) {
      socket.onclose = null
      socket.onmessage = null
      socket.close()
    }
    clearTimeout(watchdog)
    clearTimeout(retry)
    watchdog = setTimeout(open, silentMs)
    socket = new WebSocket(url.replace('http', 'ws'))
    socket.onopen = () => socket.send(JSON.stringify({ op: 'resume', after: last }))
    socket.onerror = () => {}
    socket.onmessage = ({ data }) => {
      heard()
      take(JSON.parse(data))
    }
    socket.onclose = () => {
      for (const { reject } of waiting.values())
        reject(new Error('the connection was lost: it may have been done'))
      waiting.clear()
      clearTimeout(watchdog)
      if (!closed) retry = setTimeout(open, Math.min(30_000, 500 * 2 ** failures++) * Math.random())
    }
  }

  function take({ event, id, data, ref }) {
    if (event === 'heartbeat') return
    if (event === 'hello') {
      last ??= id
      return
    }
    if (event === 'done') {
      waiting.get(ref)?.resolve()
      waiting.delete(ref)
      return
    }
    if (id) last = id
    show(event, data)
  }

  open()
  return {
    mute(product) {
      if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('not connected: try again'))
      const ref = ++refs
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => settle(reject)(new Error('no answer')), answerMs)
        const settle = (then) => (value) => {
          clearTimeout(late)
          waiting.delete(ref)
          then(value)
        }
        waiting.set(ref, { resolve: settle(resolve), reject: settle(reject) })
        socket.send(JSON.stringify({ op: 'mute', ref, product }))
      })
    },
    close() {
      closed = true
      clearTimeout(watchdog)
      clearTimeout(retry)
      socket.close()
    },
  }
}
