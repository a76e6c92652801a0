import { describe, expect, it } from 'vitest'
import { ending } from '../../src/client/ending.ts'
import { scriptedLink, settle } from './scripted-link.ts'

describe('a channel that is added', () => {
  it('to an open SSE stream opens the next at the positions held, and then closes the old', async () => {
    const rig = scriptedLink(['sse'])
    const orders = rig.read('orders')
    await settle()
    const first = rig.newest('sse').open('k.5')
    first.event('orders', 'k.7')
    rig.read('stock')
    await settle()
    const second = rig.newest('sse')
    expect(second.asked).toEqual({ orders: 'k.7', stock: undefined })
    first.event('orders', 'k.8')
    expect(first.signal.aborted).toBe(false)
    second.open('k.7')
    expect(first.signal.aborted).toBe(true)
    first.event('orders', 'k.9') // Too late: the new stream brings it.
    second.event('orders', 'k.8')
    second.event('orders', 'k.9')
    expect(orders.messages.map((message) => 'id' in message && message.id)).toEqual(['k.7', 'k.8', 'k.9'])
  })

  it('with others in the same turn costs one stream', async () => {
    const rig = scriptedLink(['sse'])
    for (const channel of ['a', 'b', 'c']) rig.read(channel)
    await settle()
    expect(rig.streams).toHaveLength(1)
    expect(Object.keys(rig.newest().asked)).toEqual(['a', 'b', 'c'])
  })

  it('while a stream is being opened is taken up by the next', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('a')
    await settle()
    rig.read('b')
    await settle()
    rig.newest('sse').open('k.1')
    await settle()
    expect(Object.keys(rig.newest('sse').asked)).toEqual(['a', 'b'])
  })

  it('to a WebSocket is followed there', async () => {
    const rig = scriptedLink(['websocket'])
    rig.read('orders')
    await settle()
    const socket = rig.newest('websocket').open()
    const { subscription } = rig.read('stock')
    await settle()
    expect(rig.streams).toHaveLength(1)
    expect(socket.followed).toContain(subscription)
  })

  it('makes room where a second stream is one too many', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('a')
    await settle()
    const first = rig.newest('sse').open('k.1')
    rig.read('b')
    await settle()
    await rig.pass(5_000)
    expect(first.signal.aborted).toBe(true)
    await settle()
    expect(rig.newest('sse').open('k.1').asked).toEqual({ a: 'k.1', b: undefined })
    expect(rig.link.state().phase).toBe('open')
  })

  it('waits when the server asks for it, while the stream in use goes on', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('a')
    await settle()
    const first = rig.newest('sse').open('k.1')
    rig.read('b')
    await settle()
    rig.newest('sse').bye(2_000)
    await settle()
    expect(first.signal.aborted).toBe(false)
    expect(rig.link.state().phase).toBe('open')
    await rig.pass(2_500)
    expect(rig.newest('sse').open('k.1').asked).toEqual({ a: 'k.1', b: undefined })
  })
})

describe('a channel that is closed', () => {
  it('leaves the SSE stream: the next is opened without it', async () => {
    const rig = scriptedLink(['sse'])
    const a = rig.read('a')
    rig.read('b')
    await settle()
    const first = rig.newest('sse').open('k.1')
    rig.link.remove(a.subscription)
    first.event('a', 'k.2')
    expect(a.messages).toEqual([])
    await settle()
    expect(Object.keys(rig.newest('sse').open('k.1').asked)).toEqual(['b'])
  })

  it('if it was the last, ends the stream with a goodbye', async () => {
    const rig = scriptedLink(['sse'])
    const { subscription } = rig.read('a')
    await settle()
    const stream = rig.newest('sse').open('k.1')
    rig.link.remove(subscription)
    await settle()
    expect(stream.signal.aborted).toBe(true)
    expect(stream.sink.farewell).toBe('goodbye')
    expect(rig.link.state().phase).toBe('idle')
    expect(rig.clock.pending).toBe(0)
  })

  it('is not missed while it waits for its load', async () => {
    const rig = scriptedLink(['sse'])
    const a = rig.read('a')
    rig.read('b')
    await settle()
    rig.newest('sse').open('k.1')
    a.subscription.active = false
    rig.read('b2')
    await settle()
    expect(Object.keys(rig.newest('sse').open('k.1').asked)).toEqual(['b', 'b2'])
    await settle()
    expect(rig.streams).toHaveLength(2)
  })
})

describe('a position', () => {
  it('is given by one stream only: a change of transport before there is one loses nothing', async () => {
    const rig = scriptedLink(['websocket'])
    const { subscription } = rig.read('orders')
    await settle()
    const socket = rig.newest('websocket').open()
    const used = rig.link.use(['sse'])
    await settle()
    // The WebSocket would say k.1, the SSE stream begins at k.5: what is between would be lost.
    expect(socket.followed).toEqual([])
    rig.newest('sse').open('k.5')
    await used
    expect(subscription.position).toBe('k.5')
  })

  it('is asked of the stream in use again when the change fails', async () => {
    const rig = scriptedLink(['websocket'])
    const { subscription } = rig.read('orders')
    await settle()
    const socket = rig.newest('websocket').open()
    const refused = expect(rig.link.use(['sse'])).rejects.toMatchObject({ code: 'unavailable' })
    await settle()
    rig.newest('sse').lose()
    await refused
    expect(socket.followed).toEqual([subscription])
  })

  it('on a stream of several channels is reached by all of them', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('busy')
    rig.read('quiet')
    await settle()
    const stream = rig.newest('sse').open('k.5')
    stream.event('busy', 'k.9')
    stream.lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('sse').asked).toEqual({ busy: 'k.9', quiet: 'k.9' })
  })

  it('is not moved by the first heartbeat, which may stand at the head', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders', { after: 'k.5' })
    await settle()
    rig.newest('sse').open('k.100').lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('sse').asked).toEqual({ orders: 'k.5' })
  })

  it('is given by the first heartbeat where none is held: the first cut loses nothing', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    rig.newest('sse').open('k.5').lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('sse').asked).toEqual({ orders: 'k.5' })
  })

  it('is moved by later heartbeats', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    const stream = rig.newest('sse').open('k.5')
    stream.say({ op: 'heartbeat', everyMs: 25_000, id: 'k.8' })
    stream.lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('sse').asked).toEqual({ orders: 'k.8' })
  })

  it('on a WebSocket is each channel’s own', async () => {
    const rig = scriptedLink(['websocket'])
    const a = rig.read('a')
    const b = rig.read('b')
    await settle()
    const socket = rig.newest('websocket').open()
    socket.sink.joined(a.subscription, 'k.5')
    socket.sink.joined(b.subscription, 'k.6')
    socket.event('a', 'k.9')
    socket.lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('websocket').asked).toEqual({ a: 'k.9', b: 'k.6' })
  })

  it('after a reset is where the channel goes on, in the new epoch', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('a', { after: 'old.5' })
    rig.read('b', { after: 'old.9' })
    await settle()
    const stream = rig.newest('sse').open('new.3')
    const gap = { op: 'reset', reason: 'epoch', earliest: 'new.0', latest: 'new.3' } as const
    stream.say({ ...gap, channel: 'a' })
    stream.event('a', 'new.4')
    stream.lose()
    await settle()
    await rig.pass(rig.link.state().retryMs!)
    // The reset of b was still to come: its old position asks for it again.
    expect(rig.newest('sse').asked).toEqual({ a: 'new.4', b: 'old.9' })
  })
})

describe('messages', () => {
  it('that nobody asked for are passed over', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('orders')
    await settle()
    const stream = rig.newest('sse').open('k.1')
    stream.event('other', 'k.2')
    stream.say({ op: 'of-a-newer-server' } as never)
    stream.event('orders', 'k.3')
    expect(messages).toHaveLength(1)
    expect(rig.link.state().phase).toBe('open')
  })

  it('of a WebSocket’s channel come only after it joined', async () => {
    const rig = scriptedLink(['websocket'])
    const { subscription, messages } = rig.read('orders', { after: 'k.5' })
    await settle()
    const socket = rig.newest('websocket').open()
    socket.event('orders', 'k.9') // Of an earlier subscription: what is between would be lost.
    expect(messages).toEqual([])
    socket.sink.joined(subscription, 'k.5')
    socket.event('orders', 'k.6')
    expect(messages).toHaveLength(1)
  })
})

describe('a refusal for good', () => {
  it('of what only might have been better is no end', async () => {
    const rig = scriptedLink(['websocket', 'sse'])
    rig.read('orders')
    await settle()
    rig.newest('websocket').lose()
    await settle()
    rig.newest('sse').open('k.1')
    await rig.pass(30_000)
    rig.newest('websocket').end(ending('no', 'final'))
    await settle()
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'sse' })
  })
})
