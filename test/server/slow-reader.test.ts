import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import type { ServerOptions } from '../../src/server/options.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { until } from './serve.ts'

const handshake = {
  sse: 'GET /live/feed HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n',
  websocket:
    'GET /live/feed HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
}

/** A server whose sockets the test can look at, and one reader that has stopped reading. */
async function stalledReader(transport: keyof typeof handshake, options: ServerOptions = {}) {
  const fairlead = createServer({ dev: true, ...options })
  const sockets: Socket[] = []
  const http = createHttpServer().on('connection', (socket) => sockets.push(socket))
  fairlead.attach(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const reader = connect((http.address() as AddressInfo).port, '127.0.0.1')
  reader.on('error', () => {})
  onTestFinished(async () => {
    reader.destroy()
    http.closeAllConnections()
    http.close()
    await fairlead.close()
  })
  reader.write(handshake[transport])
  await new Promise((resolve) => reader.once('readable', resolve))
  await until(
    () => String(reader.read() ?? '').includes('eartbeat') || sockets[0]!.bytesWritten > 200,
    'the stream',
  )
  reader.pause()
  const feed = fairlead.channel('feed')
  const payload = 'x'.repeat(4_000)
  /** Publishes about 12 MB, more than the kernel takes for a reader that has stopped. */
  const flood = async () => {
    let most = 0
    for (let i = 0; i < 3_000; i++) {
      await feed.publish('e', `${i} ${payload}`)
      if (i % 10 === 0) await new Promise(setImmediate)
      most = Math.max(most, sockets[0]!.writableLength)
    }
    return most
  }
  return { reader, flood, socket: sockets[0]!, feed }
}

describe.each(['sse', 'websocket'] as const)('a %s reader that stops reading', (transport) => {
  it('costs a bounded queue, and misses nothing when it reads on', async () => {
    const { reader, flood, feed } = await stalledReader(transport)
    const most = await flood()
    expect(most).toBeGreaterThan(16 * 1024) // The reader did stall.
    // 64 KiB and one batch, which grows when the machine is busy; never what was published.
    expect(most).toBeLessThan(4 * 1024 * 1024)
    let text = ''
    reader.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    reader.resume()
    await feed.publish('e', 'the last one')
    await until(() => text.includes('the last one'), 'the last event', 15_000)
    // What was read before it stalled is not in `text`: from the first event seen on, all are there, in order.
    const seen = [...text.matchAll(/"(\d+) x{3}/g)].map((match) => Number(match[1]))
    expect(seen).toEqual(Array.from({ length: 3_000 - seen[0]! }, (_, i) => i + seen[0]!))
    expect(text).not.toContain('reset')
  })

  it('is cut when it took no byte for 30 s', async () => {
    const clock = simulatedClock()
    const { flood, socket } = await stalledReader(transport, { clock, heartbeatMs: 300_000, pingMs: 300_000 })
    await flood()
    clock.advance(29_000)
    expect(socket.destroyed).toBe(false)
    clock.advance(3_500)
    await until(() => socket.destroyed, 'the cut')
  })
})
