import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { writeLoop } from '../../src/transports/write-loop.ts'

const here = process.platform === 'linux' && process.arch === 'x64'
const anyRate = { messagesPerSecond: false, bytesPerSecond: false } as const
const secret = 'for-readers-of-the-secret-alone'

/** A seeded sequence, so that a run can be had again. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647
    return state % sides
  }
}

/** Asks for a channel over a bare socket, as a WebSocket or a stream. */
function openRaw(port: number, path: string, upgrade: boolean): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const handshake =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const head = upgrade ? handshake : 'Accept: text/event-stream'
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`)
  return socket
}

function countIn(socket: Socket, found: (times: number) => void): void {
  socket.setEncoding('latin1').on('data', (text: string) => {
    const times = text.split(secret).length - 1
    if (times > 0) found(times)
  })
}

const environment = 'FAIRLEAD_WRITE_LOOP'

afterEach(() => {
  delete process.env[environment]
})

it('a platform has a loop, one with a package that of the package, and `none` leaves it out', () => {
  const whichever = writeLoop()
  process.env[environment] = 'plain'
  const plain = writeLoop()
  expect(plain?.broadcast).toBeTypeOf('function')
  expect(whichever === plain).toBe(!here)
  process.env[environment] = 'none'
  expect(writeLoop()).toBeUndefined()
})

it('the plain loop tells what a socket did not take', () => {
  process.env[environment] = 'plain'
  const left = new Int32Array(4)
  // There is no such descriptor.
  expect(writeLoop()!.broadcast(Int32Array.of(2 ** 20, 2 ** 20), 2, Buffer.from('x'), left)).toBe(2)
  expect([...left]).toEqual([0, 0, 1, 0])
})

describe.each(here ? ['native', 'plain'] : ['plain'])('the %s write loop', (loop) => {
  beforeEach(() => {
    process.env[environment] = loop
  })

  it('gives no byte to a connection that did not subscribe, while connections come and go at full rate', {
    timeout: 30_000,
  }, async () => {
    const roll = dice(7)
    const ofServer: Socket[] = []
    const cutOne = () => void ofServer[roll(ofServer.length || 1)]?.destroy()
    const read = 'public'
    const server = createServer({
      // The application ends connections in the middle of everything.
      channels: { secret: { read, onLeave: () => roll(4) === 0 && cutOne() }, quiet: { read } },
      limits: { connection: anyRate, address: { ...anyRate, connections: false } },
    })
    const http = createHttpServer()
    server.attach(http)
    http.on('connection', (socket) => {
      ofServer.push(socket)
      socket.on('close', () => ofServer.splice(ofServer.indexOf(socket), 1))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const clients: Socket[] = []
    onTestFinished(async () => {
      for (const socket of clients) socket.destroy()
      await server.close()
      http.closeAllConnections()
      http.close()
    })

    const counts = { delivered: 0, leaked: 0, opened: 0 }
    const open = (socket: Socket, counted: 'delivered' | 'leaked') => {
      countIn(socket, (times) => {
        counts[counted] += times
      })
      clients.push(socket)
      counts.opened++
    }
    for (let i = 0; i < 4_000; i++) {
      if (i % 4 === 0) {
        open(openRaw(port, '/live/secret', roll(2) === 0), 'delivered')
        open(openRaw(port, '/live/quiet', roll(2) === 0), 'leaked')
      }
      if (i % 32 === 0)
        open(
          connect(port, '127.0.0.1').on('error', () => {}),
          'leaked',
        )
      void server.channel('secret').publish('told', { secret })
      // Between the publish and the end of the turn, when it goes out.
      if (roll(8) === 0) cutOne()
      while (clients.length > 150) {
        const [gone] = clients.splice(roll(clients.length), 1)
        if (roll(2) === 0) gone!.resetAndDestroy()
        else gone!.destroy()
      }
      await turn()
    }
    expect(counts.opened).toBeGreaterThan(2_000)
    expect(counts.delivered).toBeGreaterThan(5_000)
    expect(counts.leaked).toBe(0)
  })
})
