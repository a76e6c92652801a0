import { describe, expect, it } from 'vitest'
import { ending } from '../../src/client/ending.ts'
import { scriptedLink, settle } from './scripted-link.ts'

describe('a stream counts as open', () => {
  it('at its first message, not when it was asked for', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    expect(rig.link.state()).toMatchObject({ phase: 'connecting' })
    rig.newest('sse').open('k.1')
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'sse' })
  })

  it('only if that comes within 5 s: then the next transport is tried at once', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    await rig.pass(4_999)
    expect(rig.streams.map(({ transport }) => transport)).toEqual(['websocket'])
    await rig.pass(1)
    expect(rig.streams.map(({ transport }) => transport)).toEqual(['websocket', 'sse'])
    expect(rig.streams[0]!.signal.aborted).toBe(true)
    await rig.pass(5_000)
    rig.newest('long-poll').open()
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'long-poll' })
  })

  it('and a transport that cannot work at all is passed over without waiting', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    rig.newest('websocket').end(new Error('No WebSocket here.'))
    await settle()
    rig.newest('sse').open('k.1')
    expect(rig.link.state().transport).toBe('sse')
  })

  it('where a token function is slow, that is no fault of the transport', async () => {
    const rig = scriptedLink()
    let give = (_token: string) => {}
    rig.token = () =>
      new Promise((resolve) => {
        give = resolve
      })
    rig.read('orders')
    await rig.pass(20_000)
    expect(rig.streams).toEqual([])
    give('t')
    await settle()
    rig.newest('websocket').open()
    expect(rig.link.state().phase).toBe('open')
  })

  it('where there is no token, all transports wait', async () => {
    const rig = scriptedLink()
    rig.token = () => Promise.reject(new Error('signed out'))
    rig.read('orders')
    await settle()
    expect(rig.streams).toEqual([])
    expect(rig.link.state()).toMatchObject({
      phase: 'waiting',
      reason: expect.stringContaining('signed out'),
    })
  })
})

describe('when no transport opens', () => {
  it('the whole list is tried again after a delay by chance, from its top, in a window that doubles', async () => {
    const rig = scriptedLink(['websocket', 'sse'])
    rig.read('orders')
    const delays: number[] = []
    for (let round = 0; round < 8; round++) {
      await settle()
      rig.newest('websocket').lose()
      await settle()
      rig.newest('sse').lose()
      await settle()
      const { phase, retryMs } = rig.link.state()
      expect(phase).toBe('waiting')
      delays.push(retryMs!)
      await rig.pass(retryMs!)
    }
    delays.forEach((delay, round) => {
      expect(delay).toBeLessThanOrEqual(Math.min(30_000, 1000 * 2 ** round))
    })
    expect(new Set(delays).size).toBe(delays.length)
  })

  it('because all of them are silent, they get longer: a slow network is no proxy', async () => {
    const rig = scriptedLink(['websocket', 'sse'])
    rig.read('orders')
    await settle()
    await rig.pass(5_000)
    await rig.pass(5_000)
    await rig.pass(rig.link.state().retryMs!)
    await rig.pass(9_000)
    rig.newest('websocket').open()
    expect(rig.link.state().phase).toBe('open')
  })

  it('a server that asks to come back later is asked on the same transport, and not before', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    rig.newest('websocket').bye(8_000)
    await settle()
    expect(rig.link.state()).toMatchObject({ phase: 'waiting', reason: 'The server is busy.' })
    expect(rig.link.state().retryMs).toBeGreaterThanOrEqual(8_000)
    rig.link.onWake()
    rig.link.onNetwork()
    await rig.pass(7_999)
    expect(rig.streams).toHaveLength(1)
    await rig.pass(2_001)
    expect(rig.streams.map(({ transport }) => transport)).toEqual(['websocket', 'websocket'])
  })

  it('a refusal for good closes the client with its reason, without trying the others', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    const refusal = new Error('Your token is not one of ours.') as never
    rig.newest('websocket').end(ending('Your token is not one of ours.', 'final', { refusal }))
    await settle()
    expect(rig.link.state()).toEqual({
      phase: 'closed',
      reason: 'Your token is not one of ours.',
      error: refusal,
    })
    expect(rig.streams).toHaveLength(1)
    expect(rig.clock.pending).toBe(0)
  })

  it('because none of the channels may be read, the channels are told and the client rests', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('secret')
    await settle()
    const refusal = Object.assign(new Error('no'), { code: 'forbidden' }) as never
    rig.newest('sse').end(ending('no', 'denied', { refusal }))
    await settle()
    expect(messages).toEqual([{ op: 'denied', channel: 'secret', code: 'forbidden' }])
    expect(rig.link.state().phase).toBe('idle')
    rig.read('orders')
    await settle()
    rig.newest('sse').open('k.1')
    expect(rig.link.state().phase).toBe('open')
  })
})

describe('a transport that had worked', () => {
  it('is tried alone after a cut: a restart says nothing against it', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    rig.newest('websocket').open()
    for (let tries = 0; tries < 2; tries++) {
      rig.newest('websocket').lose()
      await settle()
      await rig.pass(rig.link.state().retryMs!)
    }
    rig.newest('websocket').open()
    expect(rig.link.state().transport).toBe('websocket')
    expect(rig.streams.map(({ transport }) => transport)).toEqual(['websocket', 'websocket', 'websocket'])
  })

  it('gives way when it does not come back: falling back is for any time, not only for the first', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    rig.newest('websocket').open()
    rig.newest('websocket').lose()
    await settle()
    for (let tries = 0; tries < 2; tries++) {
      await rig.pass(rig.link.state().retryMs!)
      rig.newest('websocket').lose()
      await settle()
    }
    await rig.pass(rig.link.state().retryMs!)
    rig.newest('websocket').lose()
    await settle()
    rig.newest('sse').open('k.1')
    expect(rig.link.state().transport).toBe('sse')
  })

  it('keeps its place when the server drains: it has spoken', async () => {
    const rig = scriptedLink()
    rig.read('orders')
    await settle()
    rig.newest('websocket').open()
    for (let byes = 0; byes < 5; byes++) {
      rig.newest('websocket').bye(1_000)
      await settle()
      await rig.pass(rig.link.state().retryMs!)
    }
    expect(new Set(rig.streams.map(({ transport }) => transport))).toEqual(new Set(['websocket']))
  })
})
