import { describe, expect, it } from 'vitest'
import { scriptedLink, settle } from './scripted-link.ts'

describe('a page that is put away', () => {
  it('closes everything with a goodbye, and goes on from its positions when it is shown again', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('orders')
    await settle()
    const stream = rig.newest('sse').open('k.1')
    stream.event('orders', 'k.2')
    rig.link.onHide()
    expect(stream.signal.aborted).toBe(true)
    expect(stream.sink.farewell).toBe('goodbye')
    expect(rig.clock.pending).toBe(0)
    await rig.pass(3_600_000)
    expect(rig.streams).toHaveLength(1)
    rig.link.onShow()
    await settle()
    expect(rig.newest('sse').asked).toEqual({ orders: 'k.2' })
    rig.newest('sse').open('k.2').event('orders', 'k.3')
    expect(messages).toHaveLength(2)
  })
})

describe('a page that wakes up', () => {
  it('does not wait any longer to reconnect', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    rig.newest('sse').lose()
    await settle()
    expect(rig.link.state().phase).toBe('waiting')
    rig.link.onWake()
    await settle()
    expect(rig.streams).toHaveLength(2)
  })

  it('does not kill a stream whose bytes are still to be read', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('orders')
    await settle()
    const stream = rig.newest('sse').open('k.1')
    await rig.pass(49_000)
    rig.link.onWake()
    stream.event('orders', 'k.2')
    await rig.pass(40_000)
    expect(stream.signal.aborted).toBe(false)
    expect(messages).toHaveLength(1)
  })
})

describe('silence', () => {
  it('of twice the interval is the end of a stream, which comes back on the same transport', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    const stream = rig.newest('sse')
    stream.say({ op: 'heartbeat', everyMs: 10_000, id: 'k.1' })
    await rig.pass(19_999)
    expect(stream.signal.aborted).toBe(false)
    await rig.pass(1)
    expect(stream.signal.aborted).toBe(true)
    expect(stream.sink.farewell).toBe('lost')
    expect(rig.link.state()).toMatchObject({ phase: 'waiting', reason: 'It fell silent.' })
    await rig.pass(rig.link.state().retryMs!)
    expect(rig.newest('sse').asked).toEqual({ orders: 'k.1' })
  })

  it('is broken by any byte', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    const stream = rig.newest('sse').open('k.1')
    for (let beats = 0; beats < 10; beats++) {
      await rig.pass(40_000)
      stream.sink.heard()
    }
    expect(stream.signal.aborted).toBe(false)
  })
})

describe('the state', () => {
  it('is told with its reasons, from the first to the last', async () => {
    const rig = scriptedLink(['websocket', 'sse'])
    rig.read('orders')
    await settle()
    rig.newest('websocket').lose()
    await settle()
    rig.newest('sse').open('k.1')
    rig.newest('sse').lose()
    await settle()
    rig.link.close('Done.')
    expect(rig.states).toEqual([
      { phase: 'connecting', reason: 'Trying websocket,sse.' },
      { phase: 'open', reason: 'Reading over sse.', transport: 'sse' },
      { phase: 'waiting', reason: 'It was cut.', retryMs: expect.any(Number) },
      { phase: 'closed', reason: 'Done.' },
    ])
  })

  it('is closed once, and for good', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    rig.link.close('Done.')
    rig.link.close('Again.')
    rig.read('stock')
    rig.link.onNetwork()
    rig.link.onWake()
    rig.link.onHide()
    rig.link.onShow()
    await rig.link.use(['websocket'])
    await rig.pass(3_600_000)
    expect(rig.streams).toEqual([])
    expect(rig.states).toEqual([{ phase: 'closed', reason: 'Done.' }])
  })

  it('may be answered with close by whoever hears of it', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('orders')
    const { push } = rig.states
    rig.states.push = (...states) => {
      if (states[0]?.phase === 'open') rig.link.close('Enough.')
      return push.apply(rig.states, states)
    }
    await settle()
    rig.newest('sse').open('k.1').event('orders', 'k.2')
    expect(messages).toEqual([])
    expect(rig.link.state().phase).toBe('closed')
  })
})
