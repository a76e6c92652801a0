import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type FakeServer, hasty, startFakeServer, until } from './fake-server.ts'
import { settle } from './scripted-link.ts'

let server: FakeServer
let client: Client

beforeEach(async () => {
  server = await startFakeServer()
})

afterEach(async () => {
  client.close()
  await server.close()
})

function open(options: ConnectOptions = {}): Client {
  client = connect(server.url, { transport: 'long-poll', clock: hasty, ...options })
  return client
}

const tick = (id: string, channel = 'orders') => ({
  op: 'event',
  channel,
  id,
  event: 'tick',
  data: id,
  time: 1,
})
const page = (position: string, ...events: unknown[]) => ({ events, position, more: false })

describe('over long-poll', () => {
  it('the first request does not wait: its answer is the first message', async () => {
    open()
    client.channel('orders').open()
    const first = await server.request()
    expect([...first.query]).toEqual([
      ['channel', 'orders'],
      ['format', 'envelope'],
      ['limit', '1000'],
      ['wait', '0'],
    ])
    expect(first.headers.accept).toBe('application/json')
    first.json(page('k.1'))
    const second = await server.request()
    expect(client.state).toMatchObject({ phase: 'open', transport: 'long-poll' })
    expect([...second.query]).toEqual([
      ['channel', 'orders@k.1'],
      ['format', 'envelope'],
      ['limit', '1000'],
      ['wait', '25'],
    ])
  })

  it('each request goes on where the last answer ended, for all channels', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders').on('*', (data) => seen.push(data))
    client.channel('stock').open()
    ;(await server.request()).json(page('k.1'))
    ;(await server.request()).json(page('k.3', tick('k.2'), tick('k.3')))
    const third = await server.request()
    expect(third.query.getAll('channel')).toEqual(['orders@k.3', 'stock@k.3'])
    expect(seen).toEqual(['k.2', 'k.3'])
  })

  it('pages that have more are asked for without waiting', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders', { after: 'earliest' }).on('*', (data) => seen.push(data))
    const first = await server.request()
    expect(first.query.get('after')).toBe('earliest')
    first.json({ ...page('k.1', tick('k.1')), more: true })
    const second = await server.request()
    expect(second.query.get('wait')).toBe('0')
    second.json(page('k.2', tick('k.2')))
    expect((await server.request()).query.get('wait')).toBe('25')
    expect(seen).toEqual(['k.1', 'k.2'])
  })

  it('a gap is told before anything newer, and its channel goes on from there', async () => {
    const seen: unknown[] = []
    open()
    const orders = client.channel('orders', { after: 'old.9' })
    orders.onReset((reset) => seen.push(reset))
    orders.on('*', (data) => seen.push(data))
    const reset = { channel: 'orders', reason: 'epoch', earliest: 'new.0', latest: 'new.3' }
    ;(await server.request()).json({ ...page('new.4', tick('new.4')), reset: [reset] })
    expect((await server.request()).query.getAll('channel')).toEqual(['orders@new.4'])
    expect(seen).toEqual([reset, 'new.4'])
  })

  it('a channel that may not be read is told, and not asked for again', async () => {
    const errors: unknown[] = []
    open()
    client.channel('secret').onError((error) => errors.push(error))
    client.channel('secret').open()
    client.channel('orders').open()
    const denied = [{ channel: 'secret', code: 'forbidden' }]
    ;(await server.request()).json({ ...page('k.1'), denied })
    expect((await server.request()).query.getAll('channel')).toEqual(['orders@k.1'])
    expect(errors).toMatchObject([{ code: 'forbidden' }])
  })

  it('a cut between two answers loses nothing', async () => {
    const seen: unknown[] = []
    open()
    client.channel('orders').on('*', (data) => seen.push(data))
    ;(await server.request()).json(page('k.2'))
    ;(await server.request()).response.destroy()
    const again = await server.request()
    expect([again.query.get('channel'), again.query.get('wait')]).toEqual(['orders@k.2', '0'])
    again.json(page('k.3', tick('k.3')))
    await until(() => seen.length === 1)
  })

  it('an empty answer that did not wait is no reason for a storm of requests', async () => {
    const clock = simulatedClock()
    open({ clock })
    client.channel('orders').open()
    ;(await server.request()).json(page('k.1'))
    ;(await server.request()).json(page('k.1'))
    let asked = 0
    void server.request().then(() => asked++)
    await until(() => client.state.phase === 'open' && clock.pending > 1)
    await settle()
    expect(asked).toBe(0)
    clock.advance(1_000)
    await until(() => asked === 1)
  })

  it('an answer that never comes is noticed by the watchdog', async () => {
    const clock = simulatedClock()
    open({ clock })
    client.channel('orders').open()
    ;(await server.request()).json(page('k.1'))
    const hung = await server.request()
    clock.advance(50_000)
    await hung.over
    expect(client.state.phase).toBe('waiting')
  })

  it('closing ends the request', async () => {
    open()
    client.channel('orders').open()
    ;(await server.request()).json(page('k.1'))
    const waiting = await server.request()
    client.close()
    await waiting.over
  })
})
