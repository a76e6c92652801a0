import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openShop, type Shop } from '../../examples/shop/server/app.ts'
import { get, post } from './shop-process.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop({ port: 0, restockMs: 0 })
})
afterAll(() => shop?.close())

const compass = { sku: 'compass', quantity: 1 }

describe("the shop's own API", () => {
  it('answers the catalogue with the position it stands at', async () => {
    const answer = await get<{ position: string; products: { sku: string; left: number }[] }>(
      `${shop.url}/api/catalogue`,
    )
    expect(answer.position).toMatch(/^[a-z0-9]+\.\d+$/)
    expect(answer.products).toHaveLength(12)
    expect(answer.products.every(({ left }) => left >= 0)).toBe(true)
  })

  it('places an order once however often it is sent, and says which was first', async () => {
    const order = { ...compass, key: 'twice' }
    const first = await post(`${shop.url}/api/orders`, order)
    const again = await post(`${shop.url}/api/orders`, order)
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.body).toEqual({ ...(first.body as object), repeated: true })
    expect(await post(`${shop.url}/api/orders`, { ...order, quantity: 2 })).toMatchObject({
      status: 422,
      body: { code: 'key_reused' },
    })
  })

  it('refuses the second buyer of the last piece with 409', async () => {
    const answers = await Promise.all(
      ['a', 'b'].map((key) => post(`${shop.url}/api/orders`, { sku: 'sextant', quantity: 1, key })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'sold_out', left: 0 })
  })

  it.each([
    ['a product that is not there', { ...compass, sku: 'anchor', key: 'x' }, 404, 'unknown_product'],
    ['no key', compass, 400, 'bad_request'],
    ['half a piece', { ...compass, quantity: 0.5, key: 'x' }, 400, 'bad_request'],
    ['a text for a number', { ...compass, quantity: '1', key: 'x' }, 400, 'bad_request'],
    ['a list', [], 400, 'invalid_json'],
    ['too much', { ...compass, key: 'x'.repeat(5000) }, 413, 'payload_too_large'],
  ])('refuses an order with %s', async (_, order, status, code) => {
    expect(await post(`${shop.url}/api/orders`, order)).toMatchObject({ status, body: { status, code } })
  })

  it('refuses a POST that a page of another site could send unasked', async () => {
    const response = await fetch(`${shop.url}/api/orders`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(415)
  })

  it('answers to the names of this machine alone', async () => {
    expect(await statusFor('evil.example')).toBe(403)
    expect(await statusFor('evil.localhost.example')).toBe(403)
    expect(await statusFor('127.0.0.1')).toBe(200)
  })

  it('serves its pages and nothing beside them', async () => {
    for (const path of ['/', '/dashboard', '/base.css', '/parts/series.js', '/vendor/uplot.js']) {
      expect((await fetch(shop.url + path)).status, path).toBe(200)
    }
    for (const path of [
      '/server/main.ts',
      '/..%2fserver%2fmain.ts',
      '/public/base.css',
      '/parts',
      '/nothing',
    ]) {
      expect((await fetch(shop.url + path)).status, path).toBe(404)
    }
  })

  it('lets no page publish what only the shop may', async () => {
    const sent = await post(`${shop.url}/live/orders?event=new_order`, { id: 1 })
    expect(sent).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  })

  it('shows readable events to curl, in the order they were placed', async () => {
    const response = await fetch(`${shop.url}/live/orders?after=earliest`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('"sku":"sextant"')) text += (await reader.read()).value
    await reader.cancel()
    expect(text).toMatch(/^retry: \d+\nid: \S+\nevent: \$heartbeat\ndata: \{"everyMs":25000\}\n\n/)
    expect(text).toMatch(/\nid: \S+\nevent: new_order\ndata: \{"id":1,"sku":"compass",/)
  })
})

describe("a page's line", () => {
  const id = 'page-0123456789'

  it('is reset when it is cut, refused until it heals, and no other is touched', async () => {
    const mine = await openStream(`/line/${id}/live/stock`)
    const other = await fetch(`${shop.url}/line/page-9876543210/live/stock`)
    const cut = await post(`${shop.url}/api/cut`, { line: id, seconds: 60 })
    expect(cut.body).toEqual({ line: id, seconds: 60, connections: 1 })
    expect(await mine.ended).toBe('ECONNRESET')
    await expect(fetch(`${shop.url}/line/${id}/live/stock`)).rejects.toThrow()
    await expect(upgrade(`/line/${id}/live`)).rejects.toMatchObject({ code: 'ECONNRESET' })

    const reader = other.body!.getReader()
    expect((await reader.read()).done).toBe(false)
    await reader.cancel()
    await post(`${shop.url}/api/cut`, { line: id, seconds: 0 })
    const healed = await fetch(`${shop.url}/line/${id}/live/stock`)
    expect(healed.status).toBe(200)
    await healed.body!.cancel()
    expect(await upgrade(`/line/${id}/live`)).toMatch(/^HTTP\/1.1 101 /)
  })

  it('leads to Fairlead and nowhere else', async () => {
    expect((await fetch(`${shop.url}/line/${id}/api/catalogue`)).status).toBe(404)
    expect((await fetch(`${shop.url}/line/x/live/stock`)).status).toBe(404)
    await expect(upgrade('/elsewhere')).rejects.toThrow()
  })
})

/** Asks for the catalogue by another host's name. */
function statusFor(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${shop.url}/api/catalogue`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    asked.on('error', reject).end()
  })
}

/** Opens a stream on a bare socket; `ended` tells how it ended, by the system's code. */
function openStream(path: string): Promise<{ ended: Promise<string | undefined> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(shop.port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    })
    let code: string | undefined
    const ended = new Promise<string | undefined>((end) => socket.once('close', () => end(code)))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code
      reject(error)
    })
    socket.on('data', () => resolve({ ended }))
  })
}

/** Asks for a WebSocket; answers the first line of the answer. Rejects when the connection ends without one. */
function upgrade(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(shop.port, '127.0.0.1', () => {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      )
    })
    socket.setEncoding('latin1').on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
    socket.on('data', (chunk: string) => {
      resolve(chunk.split('\r\n')[0]!)
      socket.destroy()
    })
  })
}
