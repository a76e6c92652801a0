import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serve, until } from './serve.ts'

describe('a body', () => {
  it('that its sender cuts is no failure of the server', async () => {
    const errors: unknown[] = []
    const { port, server } = await serve({ dev: true, onError: (error) => void errors.push(error) })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(
      'POST /live/x HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"half":',
    )
    await new Promise((resolve) => socket.write(' ', resolve))
    socket.resetAndDestroy()
    await server.channel('x').publish('e', 1)
    await until(() => socket.destroyed, 'the cut')
    await fetch(`http://127.0.0.1:${port}/live/x?limit=1`)
    expect(errors).toEqual([])
  })
})
