import { request as httpRequest, type IncomingMessage } from 'node:http'
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
