import { describe, expect, it } from 'vitest'
import { type ScriptedLink, scriptedLink, settle } from './scripted-link.ts'

const expiring = { op: 'auth_expiring', inMs: 60_000 } as const

/** A link that reads over one transport, with a first token. */
async function reading(transport: 'sse' | 'websocket', next: () => Promise<string | undefined>) {
  const rig = scriptedLink([transport])
  rig.token = async () => 'first'
  const { messages } = rig.read('orders')
  await settle()
  const stream = rig.newest(transport).open('k.1')
  if (transport === 'websocket') stream.sink.joined(stream.followed[0]!, 'k.1')
  await settle()
  let asked = 0
  rig.token = () => {
    asked++
    return next()
  }
  return { rig, stream, messages, asked: () => asked }
}

const isOpen = (rig: ScriptedLink) => rig.link.state().phase === 'open'

describe('credentials that end soon', () => {
  it('are renewed on a WebSocket in place', async () => {
    const { rig, stream, asked } = await reading('websocket', async () => 'second')
    stream.say(expiring)
    await settle()
    expect(stream.renewals).toEqual(['second'])
    expect([rig.streams.length, asked(), isOpen(rig)]).toEqual([1, 1, true])
  })

  it('are renewed on SSE by a second stream, while the first goes on until a message was seen on the second', async () => {
    const { rig, stream, messages, asked } = await reading('sse', async () => 'second')
    stream.event('orders', 'k.2')
    stream.say(expiring)
    await settle()
    expect(rig.streams).toHaveLength(2)
    const second = rig.newest('sse')
    expect(second.asked).toEqual({ orders: 'k.2' })
    expect(await second.request.endpoint.token()).toBe('second')
    // Got once: opening the second stream does not ask again.
    expect(asked()).toBe(1)
    stream.event('orders', 'k.3')
    expect([stream.signal.aborted, isOpen(rig)]).toEqual([false, true])
    second.open('k.2')
    expect(stream.signal.aborted).toBe(true)
    second.event('orders', 'k.3')
    second.event('orders', 'k.4')
    expect(messages.flatMap((one) => (one.op === 'event' ? [one.id] : []))).toEqual(['k.2', 'k.3', 'k.4'])
    expect(rig.states.map(({ phase }) => phase)).toEqual(['connecting', 'open'])
  })

  it.each([
    ['the same token', async () => 'first'],
    ['no token', async () => undefined],
    ['an error', async () => Promise.reject(new Error('Signed out.'))],
  ])('are let end where there is %s: the stream goes on, and nothing is opened', async (_, next) => {
    for (const transport of ['sse', 'websocket'] as const) {
      const { rig, stream } = await reading(transport, next)
      for (let i = 0; i < 15; i++) {
        stream.say(expiring)
        await rig.pass(4_000)
      }
      expect([rig.streams.length, stream.renewals, stream.signal.aborted]).toEqual([1, [], false])
      // What was good goes on to be used until the server says otherwise.
      expect(await stream.request.endpoint.token()).toBe(transport && (await next().catch(() => 'first')))
    }
  })

  it('whose second stream cannot be opened, leave the first in use', async () => {
    const { rig, stream } = await reading('sse', async () => 'second')
    stream.say(expiring)
    await settle()
    rig.newest('sse').lose()
    await settle()
    stream.event('orders', 'k.2')
    expect([stream.signal.aborted, isOpen(rig)]).toEqual([false, true])
  })

  it('do not open a second stream beside one that is being opened anyway', async () => {
    const { rig, stream } = await reading('sse', async () => 'second')
    rig.read('stock')
    await settle()
    expect(rig.streams).toHaveLength(2)
    stream.say(expiring)
    await settle()
    expect(rig.streams).toHaveLength(2)
  })
})
