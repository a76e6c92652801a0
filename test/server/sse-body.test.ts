import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { openStream, until } from './serve.ts'

/** A server whose requests pass the application first. */
async function behind(application: (take: RequestListener) => RequestListener, timeoutMs = 0) {
  const server = createServer({ dev: true, heartbeatMs: 20_000 })
  const http = createHttpServer(application((request, response) => void server.handle(request, response)))
  http.timeout = timeoutMs
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await server.close()
    http.closeAllConnections()
    http.close()
  })
  return { channel: server.channel('orders'), port: (http.address() as AddressInfo).port }
}

/** What a bare socket gets for these bytes. */
function exchange(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1')
  const got = { text: '', closed: false }
  socket.setEncoding('latin1').on('data', (text: string) => {
    got.text += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    got.closed = true
  })
  socket.write(bytes)
  onTestFinished(() => void socket.destroy())
  return got
}

const get = (version: string, more = '') =>
  `GET /live/orders HTTP/${version}\r\nHost: localhost\r\nAccept: text/event-stream\r\n${more}\r\n`

describe.each(['native', 'none'])("a stream's body, with FAIRLEAD_WRITE_LOOP=%s", (loop) => {
  beforeEach(() => {
    process.env.FAIRLEAD_WRITE_LOOP = loop
  })
  afterEach(() => {
    delete process.env.FAIRLEAD_WRITE_LOOP
  })

  it('is made of whole chunks, one a batch', async () => {
    const { channel, port } = await behind((take) => take)
    const got = exchange(port, get('1.1'))
    await until(() => got.text.includes('$heartbeat'), 'the head')
    for (let i = 0; i < 3; i++) void channel.publish('added', { i })
    await until(() => got.text.includes('{"i":2}'), 'the last event')
    const [head = '', ...rest] = got.text.split('\r\n\r\n')
    expect(head.toLowerCase()).toContain('transfer-encoding: chunked')
    const chunks = chunksOf(rest.join('\r\n\r\n'))
    expect(chunks.at(-1)!.match(/event: added/g)).toHaveLength(3)
  })

  it('has no chunks where the request is of HTTP/1.0', async () => {
    const { channel, port } = await behind((take) => take)
    const got = exchange(port, get('1.0'))
    await until(() => got.text.includes('$heartbeat'), 'the head')
    void channel.publish('added', { plain: true })
    await until(() => got.text.includes('{"plain":true}'), 'the event')
    expect(got.text.toLowerCase()).not.toContain('chunked')
    expect(got.text.split('\r\n\r\n')[1]).toMatch(/^retry: /)
  })

  it('comes after the answer that a request before it is still owed', async () => {
    let answerFirst: (() => void) | undefined
    const { channel, port } = await behind((take) => (request, response) => {
      if (request.url === '/first') answerFirst = () => void response.end('the first')
      else take(request, response)
    })
    const got = exchange(port, `GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n${get('1.1')}`)
    await until(() => answerFirst !== undefined, 'the first request')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await channel.publish('added', { late: true })
    expect(got.text).toBe('')
    answerFirst!()
    await until(() => got.text.includes('{"late":true}'), 'the event')
    expect(got.text.indexOf('the first')).toBeLessThan(got.text.indexOf('text/event-stream'))
    chunksOf(
      got.text.slice(got.text.indexOf('text/event-stream')).split('\r\n\r\n').slice(1).join('\r\n\r\n'),
    )
  })

  it('is seen by what the application put around the response', async () => {
    const seen: string[] = []
    const { channel, port } = await behind((take) => (request, response) => {
      const write = response.write.bind(response) as (chunk: Buffer) => boolean
      response.write = ((chunk: Buffer) => {
        seen.push(chunk.toString())
        return write(chunk)
      }) as typeof response.write
      take(request, response)
    })
    const stream = await openStream(`http://127.0.0.1:${port}/live/orders`)
    await stream.event('$heartbeat')
    await channel.publish('added', { seen: true })
    await stream.event('added')
    expect(seen.join('')).toContain('{"seen":true}')
  })

  it('keeps a socket alive that the application closes when it is idle', async () => {
    const { channel, port } = await behind((take) => take, 600)
    const stream = await openStream(`http://127.0.0.1:${port}/live/orders`)
    await stream.event('$heartbeat')
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      await channel.publish('added', { i })
    }
    await stream.event('added', ({ data }) => data === '{"i":7}')
    expect(stream.ended).toBe(false)
  })
})

/** The chunks of a body as far as it came; throws where it is not made of chunks. */
function chunksOf(body: string): string[] {
  const chunks: string[] = []
  for (let rest = body; rest !== ''; ) {
    const [, size] = /^([0-9a-f]+)\r\n/.exec(rest) ?? []
    if (size === undefined) throw new Error(`No chunk begins with ${JSON.stringify(rest.slice(0, 40))}.`)
    const from = size.length + 2
    const length = Number.parseInt(size, 16)
    chunks.push(rest.slice(from, from + length))
    expect(rest.slice(from + length, from + length + 2)).toBe('\r\n')
    rest = rest.slice(from + length + 2)
  }
  return chunks
}
