import { describe, expect, it } from 'vitest'
import type { TransportName } from '../../src/client/index.ts'
import { type ScriptedLink, scriptedLink, settle } from './scripted-link.ts'

/** A link that had to fall back to SSE. */
async function fallenBack(): Promise<ScriptedLink> {
  const rig = scriptedLink(['websocket', 'sse'])
  rig.read('orders')
  await settle()
  rig.newest('websocket').lose()
  await settle()
  rig.newest('sse').open('k.1')
  await settle()
  return rig
}

const transportsOf = (rig: ScriptedLink): TransportName[] => rig.streams.map(({ transport }) => transport)

describe('coming back to a better transport', () => {
  it('is tried after 30 s, then each time after twice as long, up to 10 min', async () => {
    const rig = await fallenBack()
    const dayMs = 86_400_000
    rig.newest('sse').say({ op: 'heartbeat', everyMs: dayMs })
    for (const delayMs of [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]) {
      const tried = rig.streams.length
      await rig.pass(delayMs - 1)
      expect(rig.streams).toHaveLength(tried)
      await rig.pass(1)
      expect(rig.streams).toHaveLength(tried + 1)
      rig.newest('websocket').lose()
      await settle()
      expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'sse' })
    }
  })

  it('takes over only when a message was seen on it', async () => {
    const rig = await fallenBack()
    await rig.pass(30_000)
    const [, sse] = rig.streams
    expect(sse!.signal.aborted).toBe(false)
    rig.newest('websocket').open()
    expect(sse!.signal.aborted).toBe(true)
    expect(rig.link.state().transport).toBe('websocket')
    await settle()
    expect(rig.clock.pending).toBe(1) // The watchdog's alone: nothing better is left to try.
  })

  it('is given up after 5 s of silence, and the stream in use goes on', async () => {
    const rig = await fallenBack()
    await rig.pass(30_000)
    const better = rig.newest('websocket')
    await rig.pass(5_000)
    expect(better.signal.aborted).toBe(true)
    rig.streams[1]!.event('orders', 'k.2')
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'sse' })
  })

  it('is tried at once on a changed network, beside the stream in use', async () => {
    const rig = await fallenBack()
    rig.link.onNetwork()
    await settle()
    rig.newest('websocket').open()
    expect(rig.link.state().transport).toBe('websocket')
  })

  it('on a changed network, the stream in use is opened anew if nothing better is to be had', async () => {
    const rig = await fallenBack()
    rig.link.onNetwork()
    await settle()
    rig.newest('websocket').lose()
    await settle()
    rig.newest('sse').open('k.1')
    expect(transportsOf(rig)).toEqual(['websocket', 'sse', 'websocket', 'sse'])
    expect(rig.streams.map(({ signal }) => signal.aborted)).toEqual([true, true, true, false])
  })

  it('is not put off by a stream that is lost now and then', async () => {
    const rig = await fallenBack()
    for (let cuts = 0; cuts < 3; cuts++) {
      await rig.pass(8_000)
      rig.newest('sse').lose()
      await settle()
      await rig.pass(rig.link.state().retryMs!)
      rig.newest('sse').open('k.1')
    }
    await rig.pass(6_000)
    rig.newest('websocket')
  })

  it('decides what is next when the stream in use is lost meanwhile', async () => {
    const rig = await fallenBack()
    await rig.pass(30_000)
    rig.streams[1]!.lose()
    await settle()
    expect(rig.link.state()).toMatchObject({ phase: 'connecting' })
    rig.newest('websocket').open()
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'websocket' })
  })
})

describe('use()', () => {
  it('resolves when a message was seen on the new transport; until then the old one is in use', async () => {
    const rig = scriptedLink(['sse'])
    const { messages } = rig.read('orders')
    await settle()
    const sse = rig.newest('sse').open('k.1')
    const used = rig.link.use(['websocket'])
    await settle()
    sse.event('orders', 'k.2')
    const websocket = rig.newest('websocket')
    expect(websocket.asked).toEqual({ orders: 'k.1' })
    websocket.open()
    sse.event('orders', 'k.3')
    websocket.sink.joined(websocket.request.subscriptions[0]!, 'k.1')
    for (const id of ['k.2', 'k.3', 'k.4']) websocket.event('orders', id)
    await used
    expect(messages.map((message) => 'id' in message && message.id)).toEqual(['k.2', 'k.3', 'k.4'])
    expect(rig.link.state().transport).toBe('websocket')
  })

  it('rejects when it cannot be opened now, and keeps what works', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    rig.newest('sse').open('k.1')
    const used = rig.link.use(['websocket'])
    const refused = expect(used).rejects.toMatchObject({ code: 'unavailable' })
    await settle()
    rig.newest('websocket').lose()
    await refused
    expect(rig.link.state()).toMatchObject({ phase: 'open', transport: 'sse' })
    await rig.pass(30_000)
    rig.newest('websocket').open()
    expect(rig.link.state().transport).toBe('websocket')
  })

  it('called again, takes the place of the call before', async () => {
    const rig = scriptedLink(['sse'])
    rig.read('orders')
    await settle()
    rig.newest('sse').open('k.1')
    const first = expect(rig.link.use(['websocket'])).rejects.toMatchObject({ code: 'unavailable' })
    const second = rig.link.use(['long-poll'])
    await settle()
    await first
    rig.newest('long-poll').open()
    await second
    expect(rig.link.state().transport).toBe('long-poll')
  })

  it('with the transport in use first is done at once, and stops trying others', async () => {
    const rig = await fallenBack()
    await rig.pass(30_000)
    await rig.link.use(['sse', 'websocket'])
    expect(rig.newest('websocket').signal.aborted).toBe(true)
    expect(rig.clock.pending).toBe(1)
  })

  it('before anything is read only sets what will be used', async () => {
    const rig = scriptedLink(['sse'])
    await rig.link.use(['websocket'])
    rig.read('orders')
    await settle()
    rig.newest('websocket')
  })
})
