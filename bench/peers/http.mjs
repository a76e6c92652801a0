// Bare node:http: an SSE stream a request, written in a loop, and a POST that is answered with its own body. This is
// what the documents of Node and of the browsers show, with the text of the event made once.
import { createServer } from 'node:http'
import { serveControl } from './control.mjs'

const channels = new Map()

const server = createServer((request, response) => {
  if (request.method === 'POST') return echo(request, response)
  const name = Number(request.url.slice(3))
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.write(': hello\n\n')
  const streams = channels.get(name) ?? new Set()
  channels.set(name, streams)
  streams.add(response)
  response.on('close', () => streams.delete(response))
})

function echo(request, response) {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const text = JSON.stringify({ data: JSON.parse(body) })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  })
}

server.listen(0, '127.0.0.1', () => {
  let next = 0
  serveControl(server.address().port, (channel, event) => {
    const text = `id: ${++next}\nevent: tick\ndata: ${JSON.stringify(event)}\n\n`
    for (const stream of channels.get(channel) ?? []) stream.write(text)
  })
})
