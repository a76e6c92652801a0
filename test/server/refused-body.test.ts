import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'

/**
 * A body that is refused before all of it was read: the answer must reach a client that looks for it only when it has sent
 * everything, as a proxy may. A socket that is closed with bytes unread is reset, and the answer is lost with it.
 */
describe('an answer that refuses a body', () => {
  const server = createServer({ dev: true })
  let port = 0
  beforeAll(async () => {
    port = (await server.listen({ port: 0, host: '127.0.0.1' })).port
  })
  afterAll(() => server.close())

  const head = (length: number) =>
    `POST /live/room HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

  function open(): { socket: Socket; answer: Promise<string> } {
    const socket = connect(port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('error', (error) => resolve(`${text}\n${error.message}`))
      socket.on('close', () => resolve(text))
    })
    return { socket: socket.pause(), answer }
  }

  it.each([limits.payloadBytes + 1, 900_000])(
    'is read by who sends all of %i bytes first',
    async (length) => {
      for (let i = 0; i < 20; i++) {
        const { socket, answer } = open()
        socket.write(head(length))
        await new Promise((resolve) => setTimeout(resolve, 2))
        await new Promise<void>((resolve) => socket.write(Buffer.alloc(length, 0x31), () => resolve()))
        socket.resume()
        expect(await answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"payload_too_large"[^\n]*$/)
      }
    },
  )

  it('is not followed by another on the same connection', async () => {
    const { socket, answer } = open()
    socket.write(head(limits.payloadBytes + 1))
    socket.write(Buffer.alloc(limits.payloadBytes + 1, 0x31))
    socket.write(`${head(1)}1`)
    socket.resume()
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413'])
    const kept = await fetch(`http://127.0.0.1:${port}/live/room?after=earliest&limit=10`, {
      headers: { accept: 'application/json' },
    })
    expect(await kept.json()).toMatchObject({ events: [] })
  })

  it('comes at once to who sends nothing of it, and the connection ends soon after', async () => {
    const { socket, answer } = open()
    socket.write(head(10_000_000))
    const began = performance.now()
    const first = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))
    socket.resume()
    expect(await first).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"payload_too_large"/)
    expect(socket.readyState).toBe('open')
    await answer
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  it('ends the connection of who never stops', async () => {
    const { socket, answer } = open()
    socket.write(head(1e12))
    socket.resume()
    let sent = 0
    const more = (): void => {
      while (!socket.destroyed && sent < 1e9 && socket.write(Buffer.alloc(65_536))) sent += 65_536
    }
    socket.on('drain', more)
    more()
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(sent).toBeLessThan(1e9)
  })
})
