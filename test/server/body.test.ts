import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
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

describe('a poll', () => {
  it('whose reader goes away while the log is read is no failure of the server', async () => {
    const errors: unknown[] = []
    const log = memoryLog()
    const { url, server } = await serve({ dev: true, log, onError: (error) => void errors.push(error) })
    await server.channel('x').publish('e', 1)
    let reading = false
    log.read = (_from, _bounds, signal) => {
      reading = true
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const reader = new AbortController()
    const poll = fetch(`${url}/x?after=earliest&limit=1`, { signal: reader.signal })
    await until(() => reading, 'the log to be asked')
    reader.abort()
    await expect(poll).rejects.toThrow()
    await fetch(`${url}/x?limit=1`) // By now the server has seen the other one go.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(errors).toEqual([])
  })
})

describe('a send over a connection that is kept', () => {
  const send = (body: string) =>
    `POST /live/x HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

  /** What is answered to these pieces, written one after the other, until the last of so many answers is there. */
  async function answers(port: number, pieces: readonly string[], count: number): Promise<string[]> {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (more: string) => {
      text += more
    })
    const heads = () => [...text.matchAll(/HTTP\/1\.1 (\d+)[\s\S]*?\r\nConnection: ([\w-]+)/gi)]
    for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve))
    await until(() => heads().length === count, `${count} answers`)
    return heads().map(([, status, connection]) => `${status} ${connection}`)
  }

  it.each([
    ['in one piece', [send('{"a":1}')]],
    ['after its head', [send('{"a":1}').slice(0, -7), '{"a":1}']],
    ['byte by byte', [...send('{"a":1}')]],
  ])('is answered alike when its body comes %s', async (_, pieces) => {
    const { port } = await serve({ dev: true })
    expect(await answers(port, [...pieces, ...pieces], 2)).toEqual(['201 keep-alive', '201 keep-alive'])
  })

  it('keeps its connection when a body that came with its head is refused', async () => {
    const { port } = await serve({ dev: true })
    const pieces = [send('{"a":'), send('{"a":1}')]
    expect(await answers(port, pieces, 2)).toEqual(['400 keep-alive', '201 keep-alive'])
    expect(await answers(port, [pieces.join('')], 2)).toEqual(['400 keep-alive', '201 keep-alive'])
  })
})
