import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { serve } from './serve.ts'

/** A send that waits in its handler until it is let go, over a connection that would be kept. */
async function waitingSend() {
  let begun = () => {}
  let letGo = () => {}
  const inHandler = new Promise<void>((resolve) => {
    begun = resolve
  })
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const { server, url } = await serve({
    channels: {
      orders: {
        read: 'public',
        send: 'public',
        async onSend({ publish }) {
          begun()
          await gate
          await publish()
          return { done: true }
        },
      },
    },
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'keep-alive' },
    })
    request.on('response', resolve)
    request.on('error', reject)
    request.end('1')
    onTestFinished(() => void request.destroy())
  })
  await inHandler
  return { server, url, answer, letGo }
}

it('a send that is in its handler as the server stops is answered, and its connection closed', async () => {
  const { server, answer, letGo } = await waitingSend()
  const closed = server.close()
  letGo()
  const response = await answer
  expect([response.statusCode, response.headers.connection]).toEqual([201, 'close'])
  await closed
})

it('a server that stops takes no other send meanwhile', async () => {
  const { server, url, answer, letGo } = await waitingSend()
  const closed = server.close()
  const other = await fetch(`${url}/orders`, {
    method: 'POST',
    body: '1',
    headers: { 'content-type': 'application/json' },
  }).then(
    ({ status }) => status,
    () => 'refused',
  )
  expect([503, 'refused']).toContain(other)
  letGo()
  expect((await answer).statusCode).toBe(201)
  await closed
})

it('does not wait for answers whose connection ended before their turn came', async () => {
  const inHandler: (() => void)[] = []
  const onSend = () => new Promise<null>((resolve) => inHandler.push(() => resolve(null)))
  const { server, port } = await serve({ channels: { orders: { read: 'public', send: 'public', onSend } } })
  const socket = connect(port, '127.0.0.1')
  const post =
    'POST /live/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1'
  socket.write(post.repeat(3))
  await expect.poll(() => inHandler.length).toBe(3)
  socket.destroy()
  for (const done of inHandler) done()
  const began = performance.now()
  await server.close()
  expect(performance.now() - began).toBeLessThan(5_000)
})
