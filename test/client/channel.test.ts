import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type Exchange, type FakeServer, hasty, startFakeServer, until } from './fake-server.ts'
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
  client = connect(server.url, { transport: 'sse', clock: hasty, ...options })
  return client
}

const tick = (id: string) => ({ op: 'event', channel: 'orders', id, event: 'tick', data: id, time: 1 })
const gap = (latest: string) => ({
  op: 'reset',
  channel: 'orders',
  reason: 'trimmed',
  earliest: 'k.90',
  latest,
})

/** Notes all that a channel says, in order. */
function noting(channel: ReturnType<Client['channel']>): unknown[] {
  const notes: unknown[] = []
  channel.onLoad((state) => notes.push(['load', state.position]))
  channel.onReset(({ reason }) => notes.push(['reset', reason]))
  channel.on('*', (data) => notes.push(data))
  channel.onError((error) => notes.push(['error', (error as Error).message]))
  return notes
}

describe('a channel', () => {
  it('is not read before somebody listens', async () => {
    open()
    client.channel('orders')
    const asked = vi.fn()
    void server.request().then(asked, () => {})
    await settle()
    expect(client.state.phase).toBe('idle')
    expect(asked).not.toHaveBeenCalled()
  })

  it('is the same one for each who asks, until it is closed', async () => {
    open()
    const orders = client.channel('orders')
    expect(client.channel('orders')).toBe(orders)
    orders.close()
    expect(client.channel('orders')).not.toBe(orders)
  })

  it.each(['', '/', 'a//b', '_own', 'a b', '..', 'x'.repeat(256)])('cannot be called %j', (name) => {
    open()
    expect(() => client.channel(name)).toThrow(expect.objectContaining({ code: 'invalid_channel' }))
  })

  it('cannot be one of more than 100', () => {
    open()
    for (let n = 0; n < 100; n++) client.channel(`c${n}`)
    expect(() => client.channel('one-more')).toThrow(expect.objectContaining({ code: 'too_many_channels' }))
    client.channel('c0').close()
    client.channel('one-more')
  })

  it('refuses a position that is none where it is given', () => {
    open()
    expect(() => client.channel('orders', { after: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'invalid_position' }),
    )
  })

  it('says by name what came, and to `*` everything', async () => {
    open()
    const seen: unknown[] = []
    const orders = client.channel('orders')
    const off = orders.on('tick', (data) => seen.push(['tick', data]))
    orders.on('tock', (data) => seen.push(['tock', data]))
    orders.on('*', (data, { event }) => seen.push(['*', event, data]))
    const stream = (await server.request()).stream('k.1')
    stream.say(tick('k.2'))
    stream.say({ ...tick('k.3'), event: 'tock' })
    stream.say({ ...tick('k.4'), event: '*' })
    await until(() => seen.length === 5)
    off()
    stream.say(tick('k.5'))
    await until(() => seen.length === 6)
    expect(seen).toEqual([
      ['tick', 'k.2'],
      ['*', 'tick', 'k.2'],
      ['tock', 'k.3'],
      ['*', 'tock', 'k.3'],
      ['*', '*', 'k.4'],
      ['*', 'tick', 'k.5'],
    ])
  })

  it('tells of a gap before anything newer', async () => {
    open()
    const notes = noting(client.channel('orders', { after: 'k.5' }))
    const stream = (await server.request()).stream('k.5')
    stream.say(gap('k.100'))
    stream.say({ op: 'of-a-newer-server', channel: 'orders' })
    stream.say(tick('k.100'))
    stream.say(tick('k.101'))
    await until(() => notes.length === 2)
    expect(notes).toEqual([['reset', 'trimmed'], 'k.101'])
  })

  it('tells who came and who left', async () => {
    open()
    const changes: unknown[] = []
    client.channel('orders').onPresence(({ join, leave }) => changes.push([join, leave]))
    const stream = (await server.request()).stream('k.1')
    stream.say({ op: 'presence', channel: 'orders', join: ['a'], leave: ['b'] })
    await until(() => changes.length === 1)
    expect(changes).toEqual([[['a'], ['b']]])
  })

  it('says who is on it', async () => {
    open()
    const members = client.channel('chat/7').members()
    const asked = await server.request()
    expect(asked.path).toBe('/live/_presence/chat/7')
    asked.json({ members: ['a', 'b'] })
    expect(await members).toEqual(['a', 'b'])
    const refused = expect(client.channel('chat/7').members()).rejects.toThrow('Refused: not_found.')
    ;(await server.request()).problem(404, 'not_found')
    await refused
  })

  it('that may not be read and has nobody to tell is an uncaught error', async () => {
    const thrown: unknown[] = []
    const { queueMicrotask } = globalThis
    vi.stubGlobal('queueMicrotask', (run: () => void) => {
      queueMicrotask(() => {
        try {
          run()
        } catch (error) {
          thrown.push(error)
        }
      })
    })
    open()
    client.channel('orders').open()
    ;(await server.request()).problem(403, 'forbidden')
    await until(() => thrown.length > 0)
    vi.unstubAllGlobals()
    expect(thrown).toMatchObject([{ code: 'forbidden' }])
  })
})

describe('load', () => {
  /** A channel whose state the test gives. */
  function loading(options: ConnectOptions = {}) {
    const asked: { give(position: string): void; fail(error: Error): void; signal: AbortSignal }[] = []
    const load = (signal: AbortSignal) =>
      new Promise<{ position: string }>((resolve, reject) => {
        asked.push({ give: (position) => resolve({ position }), fail: reject, signal })
      })
    const channel = open(options).channel('orders', { load })
    return { asked, channel, notes: noting(channel) }
  }

  it('comes first; the events after its position follow', async () => {
    const { asked, notes } = loading()
    await until(() => asked.length === 1)
    expect(client.state.phase).toBe('idle')
    asked[0]!.give('k.7')
    const stream = await server.request()
    expect(stream.query.get('channel')).toBe('orders@k.7')
    stream.stream('k.7').say(tick('k.8'))
    await until(() => notes.length === 2)
    expect(notes).toEqual([['load', 'k.7'], 'k.8'])
  })

  it('is called again after a reset; what comes meanwhile would build on the old state', async () => {
    const { asked, notes } = loading()
    await until(() => asked.length === 1)
    asked[0]!.give('k.7')
    const stream = (await server.request()).stream('k.7')
    stream.say(gap('k.100'))
    stream.say(tick('k.101'))
    await until(() => asked.length === 2)
    stream.say(tick('k.102'))
    asked[1]!.give('k.101')
    const next = await server.request()
    expect(next.query.get('channel')).toBe('orders@k.101')
    next.stream('k.101').say(tick('k.102'))
    await until(() => notes.length === 4)
    expect(notes).toEqual([['load', 'k.7'], ['reset', 'trimmed'], ['load', 'k.101'], 'k.102'])
  })

  it('that fails, or answers no position, is told and called again', async () => {
    const clock = simulatedClock()
    const { asked, notes } = loading({ clock })
    await until(() => asked.length === 1)
    asked[0]!.fail(new Error('the database is away'))
    await until(() => notes.length === 1)
    clock.advance(1_000)
    await until(() => asked.length === 2)
    asked[1]!.give('nonsense')
    await until(() => notes.length === 2)
    clock.advance(2_000)
    await until(() => asked.length === 3)
    asked[2]!.give('k.1')
    await server.request()
    expect(notes).toMatchObject([
      ['error', 'the database is away'],
      ['error', {}],
      ['load', 'k.1'],
    ])
  })

  it('that takes too long is aborted and called again', async () => {
    const clock = simulatedClock()
    const { asked, notes } = loading({ clock })
    await until(() => asked.length === 1)
    clock.advance(30_000)
    await until(() => notes.length === 1)
    expect(asked[0]!.signal.aborted).toBe(true)
  })

  it('is aborted when the channel is closed, and leaves nothing behind', async () => {
    const clock = simulatedClock()
    const { asked, channel, notes } = loading({ clock })
    await until(() => asked.length === 1)
    channel.close()
    await settle()
    expect(asked[0]!.signal.aborted).toBe(true)
    expect(clock.pending).toBe(0)
    asked[0]!.give('k.1')
    await settle()
    expect(notes).toEqual([])
    expect(client.state.phase).toBe('idle')
  })
})

describe('iteration', () => {
  let stream: Exchange

  async function reading(signal?: AbortSignal) {
    open()
    const events = client.channel('orders', { after: 'k.1' }).events(signal && { signal })
    stream = (await server.request()).stream('k.1')
    return events
  }

  it('gives events in order, with what is known of them, and gaps in their place', async () => {
    const events = await reading()
    stream.say(tick('k.2'))
    stream.say(gap('k.100'))
    stream.say(tick('k.101'))
    const all: unknown[] = []
    for await (const { event, data, id } of events) {
      all.push([event, data, id])
      if (all.length === 3) break
    }
    const reset = { channel: 'orders', reason: 'trimmed', earliest: 'k.90', latest: 'k.100' }
    expect(all).toEqual([
      ['tick', 'k.2', 'k.2'],
      ['$reset', reset, 'k.100'],
      ['tick', 'k.101', 'k.101'],
    ])
  })

  it('ends when the channel or the client is closed', async () => {
    const events = await reading()
    const next = events.next()
    client.channel('orders').close()
    expect(await next).toEqual({ value: undefined, done: true })
  })

  it('ends when its signal aborts, before or later', async () => {
    const aborter = new AbortController()
    const events = await reading(aborter.signal)
    const next = events.next()
    aborter.abort()
    expect(await next).toEqual({ value: undefined, done: true })
    const never = client.channel('orders').events({ signal: AbortSignal.abort() })
    expect(await never.next()).toEqual({ value: undefined, done: true })
  })

  it('throws when the channel may not be read', async () => {
    const events = await reading()
    stream.say({ op: 'denied', channel: 'orders', code: 'forbidden' })
    await expect(events.next()).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('throws rather than pile up what nobody takes', async () => {
    const events = await reading()
    for (let n = 2; n < 1_100; n++) stream.say(tick(`k.${n}`))
    await until(() => client.channel('orders').position === 'k.1099')
    let taken = 0
    const all = (async () => {
      for await (const { id } of events) expect(id).toBe(`k.${++taken + 1}`)
    })()
    await expect(all).rejects.toMatchObject({ code: 'busy' })
  })
})
