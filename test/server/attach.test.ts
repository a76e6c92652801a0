import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createServer } from '../../src/server/create-server.ts'
import { openSocket, openStream, post } from './serve.ts'

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function fairlead() {
  const server = createServer({ dev: true })
  onTestFinished(() => server.close())
  return server
}

async function expectLive(origin: string): Promise<void> {
  const stream = await openStream(`${origin}/live/orders`)
  const socket = await openSocket(`${origin}/live/orders`)
  await socket.message('heartbeat')
  await post(`${origin}/live/orders?event=new_order`, '{"id":1}')
  expect((await stream.event('new_order')).data).toBe('{"id":1}')
}

describe('attach', () => {
  it('shares a port with an Express application', async () => {
    const app = express()
    app.get('/hello', (_, response) => void response.send('from express'))
    app.post('/echo', express.json(), (request, response) => void response.json(request.body))
    const server = createHttpServer(app)
    fairlead().attach(server)
    const origin = await listen(server)
    await expectLive(origin)
    expect(await (await fetch(`${origin}/hello`)).text()).toBe('from express')
    expect(await (await post(`${origin}/echo`, '{"a":1}')).json()).toEqual({ a: 1 })
    expect((await fetch(`${origin}/lively`)).status).toBe(404)
    expect(await (await fetch(`${origin}/lively`)).text()).toContain('Cannot GET')
  })

  it('shares a port with a Fastify application', async () => {
    const app = fastify()
    app.get('/hello', () => 'from fastify')
    fairlead().attach(app.server)
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => {
      app.server.closeAllConnections()
      return app.close()
    })
    await expectLive(origin)
    expect(await (await fetch(`${origin}/hello`)).text()).toBe('from fastify')
  })

  it.each(['before', 'after'])('leaves the upgrades of another listener alone, added %s', async (when) => {
    const server = createHttpServer((_, response) => void response.end('plain'))
    const other = new WebSocketServer({ noServer: true })
    other.on('connection', (ws) => ws.on('message', (data) => ws.send(`echo ${data}`)))
    const listener = () =>
      server.on('upgrade', (request, socket, head) => {
        if (request.url === '/other')
          other.handleUpgrade(request, socket, head, (ws) => other.emit('connection', ws))
      })
    if (when === 'before') listener()
    fairlead().attach(server)
    if (when === 'after') listener()
    const origin = await listen(server)
    await expectLive(origin)
    const ws = new WebSocket(`${origin.replace('http', 'ws')}/other`)
    onTestFinished(() => ws.terminate())
    await new Promise((resolve) => ws.once('open', resolve))
    ws.send('hi')
    expect(await new Promise((resolve) => ws.once('message', (data) => resolve(String(data))))).toBe(
      'echo hi',
    )
  })

  it('lets a server without other upgrades answer them as requests, as it did', async () => {
    const server = createHttpServer((_, response) => void response.end('plain'))
    fairlead().attach(server)
    const origin = await listen(server)
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write('GET /app HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*plain/)
  })
})
