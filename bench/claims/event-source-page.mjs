// The dashboard's page on a native EventSource.

export function watchDashboard(url, show, { silentMs = 60_000 } = {}) {
  let source
  let last = ''
  let failures = 0
  let watchdog
  let retry
  let closed = false

  function heard(event) {
    failures = 0
    if (event.lastEventId) last = event.lastEventId
    clearTimeout(watchdog)
    watchdog = setTimeout(open, silentMs) // The line died and nobody said so.
  }

  function open() {
    source?.close()
    clearTimeout(watchdog)
    watchdog = setTimeout(open, silentMs)
    // A new EventSource knows nothing of the old one's last id.
    source = new EventSource(`${url}/events?after=${last}`)
    for (const name of ['order', 'stock', 'visitors']) {
      source.addEventListener(name, (event) => {
        heard(event)
        show(name, JSON.parse(event.data))
      })
    }
    for (const name of ['hello', 'heartbeat']) source.addEventListener(name, heard)
    source.addEventListener('gap', (event) => {
      heard(event)
      show('gap')
    })
    source.addEventListener('error', () => {
      // Any status but 200 ends it for good: the browser does not come back, so the page must.
      if (source.readyState !== EventSource.CLOSED || closed) return
      clearTimeout(retry)
      retry = setTimeout(open, Math.min(30_000, 500 * 2 ** failures++) * Math.random())
    })
  }

  open()
  return {
    async mute(product) {
      const body = JSON.stringify({ product })
      const signal = AbortSignal.timeout(10_000)
      const response = await fetch(`${url}/mute`, { method: 'POST', body, signal })
      if (!response.ok) throw new Error(`mute: ${response.status}`)
    },
    close() {
      closed = true
      clearTimeout(watchdog)
      clearTimeout(retry)
      source.close()
    },
  }
}
