import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { defineChannels } from '../../src/hub/channels.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { event, FairleadError } from '../../src/protocol/index.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

describe('a handler', () => {
  it('refuses, answers, changes and publishes', async () => {
    const channels = defineChannels({
      math: {
        read: 'public',
        events: { add: event<number[]>(), sum: event<number>() },
        async onSend({ event, data, publish }) {
          if (event !== 'add') throw new FairleadError('conflict', 'Only sums here.')
          const sum = (data as number[]).reduce((a, b) => a + b, 0)
          if (sum > 10) await publish({ event: 'sum', data: sum })
          return sum === 0 ? undefined : { sum }
        },
      },
    })
    const { url, server } = await serve({ channels })
    const send = async (name: string, body: string) => {
      const response = await post(`${url}/math?event=${name}`, body)
      return [response.status, response.status === 204 ? undefined : await response.json()]
    }
    expect(await send('add', '[1,2]')).toEqual([200, { data: { sum: 3 } }])
    expect(await send('add', '[]')).toEqual([204, undefined])
    expect(await send('multiply', '[]')).toMatchObject([409, { code: 'conflict' }])
    const position = await server.channel('math').position()
    expect(await send('add', '[10,2]')).toEqual([
      201,
      { id: position.replace(/\d+$/, '1'), durability: 'memory', data: { sum: 12 } },
    ])
    expect((await server.channel('math').history()).events).toMatchObject([{ event: 'sum', data: 12 }])
  })

  it('may run twice for one key, but its append happens once', async () => {
    let runs = 0
    const { url, server } = await serve({
      channels: {
        orders: {
          read: 'public',
          onSend: ({ publish }) => publish({ data: { run: ++runs } }).then(() => undefined),
        },
      },
    })
    const key = { 'idempotency-key': 'order-1' }
    const answers = [await post(`${url}/orders`, '{}', key), await post(`${url}/orders`, '{}', key)]
    const [first, second] = await Promise.all(answers.map((answer) => answer.json()))
    expect(second).toEqual(first)
    expect(runs).toBe(2)
    expect((await server.channel('orders').history()).events).toMatchObject([{ data: { run: 1 } }])
    expect((await post(`${url}/orders`, '{"other":1}', key)).status).toBe(422)
  })

  it('that fails is reported and answered without its text', async () => {
    const errors: unknown[] = []
    const { url } = await serve({
      channels: {
        bad: {
          onSend() {
            throw new Error('secret detail')
          },
        },
      },
      onError: (error) => void errors.push(error),
    })
    const answer = await post(`${url}/bad`, '1')
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('secret')])
    expect(errors).toMatchObject([{ message: 'secret detail' }])
  })
})

describe('sends of one connection', () => {
  it('wait for each other, whatever each takes', async () => {
    const { url, server } = await serve({
      channels: {
        slow: {
          read: 'public',
          async onSend({ data, publish }) {
            await new Promise((resolve) => setTimeout(resolve, (data as number) % 3))
            await publish()
          },
        },
      },
    })
    const socket = await openSocket(`${url}/slow`)
    for (let i = 0; i < 60; i++) socket.say({ op: 'send', ref: i, data: i })
    await socket.message('ok', ({ ref }) => ref === 59)
    const { events } = await server.channel('slow').history()
    expect(events.map(({ data }) => data)).toEqual(Array.from({ length: 60 }, (_, i) => i))
  })

  it.each(['websocket', 'post'])('are skipped after one that failed for now, over %s', async (way) => {
    let down = true
    const { url, server } = await serve({
      channels: {
        c: {
          read: 'public',
          async onSend({ data, publish }) {
            if (data === 2 && down) throw new FairleadError('unavailable', 'The database is away.')
            await publish()
          },
        },
      },
    })
    const sends = [1, 2, 3].map((data) => ({
      op: 'send',
      ref: data,
      channel: 'c',
      data,
      key: `k${data}`,
      batch: 7,
    }))
    const expected = [
      { op: 'ok', ref: 1 },
      { op: 'error', ref: 2, code: 'unavailable', retry: true },
      { op: 'error', ref: 3, code: 'skipped', retry: true },
    ]
    if (way === 'post') {
      expect(await (await post(url, JSON.stringify(sends))).json()).toMatchObject(expected)
      down = false
      await post(url, JSON.stringify(sends.slice(1)))
    } else {
      const socket = await openSocket(url)
      for (const send of sends) socket.say(send)
      await socket.message('error', ({ ref }) => ref === 3)
      expect(socket.messages.slice(1)).toMatchObject(expected)
      down = false
      for (const send of sends.slice(1)) socket.say({ ...send, ref: send.ref + 10, batch: 8 })
      await socket.message('ok', ({ ref }) => ref === 13)
    }
    const { events } = await server.channel('c').history()
    expect(events.map(({ data }) => data)).toEqual([1, 2, 3])
  })

  it('see their own events when they subscribed first', async () => {
    const { url } = await serve({ channels: { c: { read: 'public', send: 'public' } } })
    for (let round = 0; round < 20; round++) {
      const socket = await openSocket(url)
      socket.say({ op: 'subscribe', ref: 1, channel: 'c' })
      socket.say({ op: 'send', ref: 2, channel: 'c', data: round })
      expect(await socket.message('event', ({ data }) => data === round)).toMatchObject({ data: round })
    }
  })

  it('hold the reading of a socket that sends faster than they are done, within bounds', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let done = 0
    const { url } = await serve({
      channels: { c: { read: 'public', onSend: () => gate.then(() => void done++) } },
    })
    const socket = await openSocket(`${url}/c`)
    const text = 'x'.repeat(10_000)
    for (let i = 0; i < 2_000; i++) socket.say({ op: 'send', ref: i, data: text })
    await until(() => socket.ws.bufferedAmount > 1_000_000, 'the socket to be read no further')
    release()
    await until(() => done === 2_000, 'all sends', 15_000)
  })
})

describe('the application', () => {
  const channels = defineChannels({
    orders: { read: 'public', events: { new_order: event<{ id: number }>() } },
  })

  it('publishes, reads and follows, typed by the declaration', async () => {
    const { server } = await serve({ channels })
    const orders = server.channel('orders')
    const start = await orders.position()
    const first = await orders.publish('new_order', { id: 1 }, { key: 'a' })
    expect(await orders.publish('new_order', { id: 1 }, { key: 'a' })).toEqual(first)
    await expect(orders.publish('new_order', { id: 2 }, { after: start })).rejects.toMatchObject({
      code: 'conflict',
      position: first.id,
    })
    await orders.publish('new_order', { id: 2 }, { after: await orders.last() })
    expect(await orders.history({ last: 1 })).toMatchObject({ events: [{ data: { id: 2 } }], more: false })
    const stop = new AbortController()
    const ids: number[] = []
    for await (const { data } of orders.events({ after: start, signal: stop.signal })) {
      ids.push(data.id)
      if (ids.length === 2) void orders.publish('new_order', { id: 3 })
      if (ids.length === 3) stop.abort()
    }
    expect(ids).toEqual([1, 2, 3])
  })

  it('reads what it has just published, readers or not', async () => {
    const { server, url } = await serve({ channels })
    await openStream(`${url}/orders`)
    const orders = server.channel('orders')
    for (let id = 1; id <= 20; id++) {
      const published = await orders.publish('new_order', { id })
      expect((await orders.history({ last: 1 })).events).toMatchObject([{ id: published.id }])
      expect((await orders.history()).events).toHaveLength(id)
    }
  })

  it('ends a reading quietly when its signal aborts, whatever it was doing', async () => {
    const { server } = await serve({ channels })
    const orders = server.channel('orders')
    for (let round = 0; round < 50; round++) {
      const stop = new AbortController()
      const reading = (async () => {
        for await (const _ of orders.events({ signal: stop.signal })) stop.abort()
      })()
      await new Promise(setImmediate)
      const publishing = orders.publish('new_order', { id: round })
      if (round % 2) stop.abort()
      await publishing
      await orders.publish('new_order', { id: round })
      await reading
    }
  })

  it('is not counted among what clients send', async () => {
    const { server, url } = await serve({ dev: true })
    await server.channel('c').publish('e', 1)
    await post(`${url}/c`, '22')
    expect(server.status()).toMatchObject({ channels: { c: { up: { messages: 1, bytes: 2 } } } })
  })

  it('leaves no listener on the signal of a long reading', async () => {
    const { server } = await serve({ channels })
    const orders = server.channel('orders')
    const stop = new AbortController()
    let seen = 0
    const reading = (async () => {
      for await (const _ of orders.events({ signal: stop.signal })) if (++seen === 30) stop.abort()
    })()
    while (!stop.signal.aborted) {
      await orders.publish('new_order', { id: seen })
      await new Promise(setImmediate)
      expect(EventEmitter.getEventListeners(stop.signal, 'abort').length).toBeLessThan(5)
    }
    await reading
  })

  it('tells streams to come back when it closes, and refuses new ones in passing', async () => {
    const { server, url } = await serve({ channels })
    const stream = await openStream(`${url}/orders`)
    const socket = await openSocket(`${url}/orders`)
    await socket.message('heartbeat')
    await server.close()
    expect(JSON.parse((await stream.event('$bye')).data)).toMatchObject({ reason: 'drain' })
    await until(() => socket.closed !== undefined, 'the close')
    expect(socket.closed!.code).toBe(4200)
    expect(socket.messages.at(-1)).toMatchObject({ op: 'bye', reason: 'drain' })
  })

  it('answers a stream of a log that is out of reach with a bye, never with a status', async () => {
    const log = memoryLog()
    const { url } = await serve({ channels, log })
    log.channelHead = () => Promise.reject(new FairleadError('unavailable', 'The log is away.'))
    const stream = await openStream(`${url}/orders?last=1`)
    expect(stream.response.statusCode).toBe(200)
    expect(stream.response.headers.connection).toBe('close')
    expect(JSON.parse((await stream.event('$bye')).data)).toMatchObject({ reason: 'unavailable' })
    await until(() => stream.ended, 'the end')
  })
})
