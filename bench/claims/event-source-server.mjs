// The dashboard on plain node:http: events with ids, a log to replay from, heartbeats, and a POST for the mute.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const keep = 1000

export async function startDashboard({ heartbeatMs = 25_000 } = {}) {
  const run = Date.now().toString(36)
  const log = []
  const streams = new Set()
  const muted = new Set()
  let newest = 0

  function write(response, { id, event, data }) {
    response.write(`id: ${run}.${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  function publish(event, data) {
    const entry = { id: ++newest, event, data }
    log.push(entry)
    if (log.length > keep) log.shift()
    for (const response of streams) {
      // A reader that does not read must not fill this process: it comes back, and reads on.
      if (response.writableLength > 1_000_000) response.destroy()
      else write(response, entry)
    }
  }

  function open(request, response) {
    const asked =
      request.headers['last-event-id'] ?? new URL(request.url, 'http://x').searchParams.get('after')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    // Where one starts who has seen nothing: an id here would undo where others stopped.
    if (!asked) response.write(`id: ${run}.${newest}\nevent: hello\ndata:\n\n`)
    else {
      const [itsRun, after] = asked.split('.')
      const oldest = log[0]?.id ?? newest + 1
      if (itsRun !== run || Number(after) + 1 < oldest)
        response.write(`id: ${run}.${newest}\nevent: gap\ndata:\n\n`)
      else for (const entry of log) if (entry.id > Number(after)) write(response, entry)
    }
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  async function mute(request, response) {
    try {
      muted.add((await json(request)).product)
      response.writeHead(204).end()
    } catch {
      response.writeHead(400).end()
    }
  }

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/mute') return mute(request, response)
    if (request.url.startsWith('/events')) return open(request, response)
    response.writeHead(404).end()
  })
  const heartbeat = setInterval(() => {
    for (const response of streams) response.write('event: heartbeat\ndata:\n\n')
  }, heartbeatMs)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    muted,
    publish,
    close() {
      clearInterval(heartbeat)
      server.close()
      server.closeAllConnections()
    },
  }
}
