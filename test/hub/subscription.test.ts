import { describe, expect, it } from 'vitest'
import { countingEncoding, FakeConnection } from './fake-connection.ts'
import { makeHub, settle } from './harness.ts'

describe('a subscription', () => {
  it('starts at a position and goes on live, each event once and in order', async () => {
    const { append, subscribe, hub } = await makeHub()
    for (const data of ['1', '2', '3']) await append('a', data)
    const { connection, position } = await subscribe(['a'], { after: { epoch: hub.epoch, offset: 1 } })
    await settle()
    await append('a', '4')
    await settle()
    expect(position).toBe(`${hub.epoch}.1`)
    expect(connection.offsets).toEqual([2, 3, 4])
  })

  it('gives a list of several channels in offset order', async () => {
    const { append, subscribe, hub } = await makeHub()
    for (const channel of ['a', 'b', 'c', 'a', 'b']) await append(channel, 'x')
    const { connection } = await subscribe(['b', 'a'], { after: { epoch: hub.epoch, offset: 0 } })
    await settle()
    await append('b', 'x')
    await append('a', 'x')
    await settle()
    expect(connection.offsets).toEqual([1, 2, 4, 5, 6, 7])
  })

  it('starts one channel elsewhere', async () => {
    const { append, subscribe, hub } = await makeHub()
    for (const channel of ['a', 'b', 'a', 'b']) await append(channel, 'x')
    const at = (offset: number) => ({ epoch: hub.epoch, offset })
    const { connection, position } = await subscribe(['a', 'b'], {
      after: at(0),
      starts: new Map([['b', at(2)]]),
    })
    await settle()
    expect(position).toBe(`${hub.epoch}.0`)
    expect(connection.offsets).toEqual([1, 3, 4])
  })

  it('starts a channel where it is asked to, unless a reader that comes back has passed that', async () => {
    const { append, subscribe, hub } = await makeHub()
    for (const channel of ['a', 'b', 'a', 'b', 'a', 'b']) await append(channel, 'x')
    const at = (offset: number) => ({ epoch: hub.epoch, offset })
    const request = { after: at(4), starts: new Map([['b', at(1)]]) }
    const first = await subscribe(['a', 'b'], request)
    const back = await subscribe(['a', 'b'], { ...request, resumed: true })
    await settle()
    expect(first.connection.offsets).toEqual([2, 4, 5, 6])
    expect(back.connection.offsets).toEqual([5, 6])
  })

  it('gives the newest N', async () => {
    const { append, subscribe } = await makeHub()
    for (const channel of ['a', 'b', 'a', 'b', 'a']) await append(channel, 'x')
    const one = await subscribe(['a'], { last: 2 })
    const both = await subscribe(['a', 'b'], { last: 3 })
    await settle()
    expect(one.connection.offsets).toEqual([3, 5])
    expect(both.connection.offsets).toEqual([3, 4, 5])
  })

  it('says a gap before anything newer, and goes on from the head', async () => {
    const { append, subscribe, hub } = await makeHub({ log: { events: 2 } })
    for (const data of ['1', '2', '3', '4']) await append('a', data)
    const { connection } = await subscribe(['a'], { after: { epoch: hub.epoch, offset: 1 } })
    await settle()
    await append('a', '5')
    await settle()
    const id = (offset: number) => `${hub.epoch}.${offset}`
    expect(connection.received).toEqual([
      { op: 'reset', id: id(4), channel: 'a', reason: 'trimmed', earliest: id(2), latest: id(4) },
      { event: 'a', offset: 5, data: '"5"' },
    ])
  })

  it('keeps the position of the others in a reset of one channel', async () => {
    const { append, subscribe, hub } = await makeHub({ log: { events: 3 } })
    for (const channel of ['a', 'a', 'a', 'b', 'b']) await append(channel, 'x') // Kept: 3 to 5.
    const { connection } = await subscribe(['a', 'b'], { after: { epoch: hub.epoch, offset: 1 } })
    await settle()
    expect(connection.resets).toMatchObject([
      { channel: 'a', id: `${hub.epoch}.1`, latest: `${hub.epoch}.5` },
    ])
    expect(connection.offsets).toEqual([4, 5])
  })

  it.each([
    ['ahead', { offset: 99 }],
    ['epoch', { epoch: 'other', offset: 1 }],
  ])('says %s', async (reason, after) => {
    const { append, subscribe, hub } = await makeHub()
    await append('a', '1')
    const { connection } = await subscribe(['a'], { after: { epoch: hub.epoch, ...after } })
    await settle()
    await append('a', '2')
    await settle()
    expect(connection.resets).toMatchObject([
      { reason, latest: `${hub.epoch}.1`, earliest: `${hub.epoch}.0` },
    ])
    expect(connection.offsets).toEqual([2])
  })

  it('falls behind when its socket holds too much, and reads the log at its own pace', async () => {
    const { append, subscribe, gate } = await makeHub()
    const { subscription, connection } = await subscribe(['a'])
    await append('a', '1')
    await settle()
    connection.block()
    for (let i = 2; i <= 600; i++) await append('a', String(i))
    await settle()
    expect(connection.offsets).toEqual([1])
    expect(subscription.reached).toBeUndefined()
    connection.drain()
    subscription.pump()
    await settle()
    expect(connection.offsets).toEqual(Array.from({ length: 600 }, (_, i) => i + 1))
    expect(subscription.live).toBe(true)
    expect(gate.reads).toBeLessThanOrEqual(3)
  })

  it('keeps the newest of each tag with the policy latest', async () => {
    const { append, subscribe } = await makeHub({ slow: { a: 'latest' } })
    const { subscription, connection } = await subscribe(['a'])
    connection.block()
    for (let i = 1; i <= 9; i++) await append('a', String(i), i % 2 ? 'odd' : 'even')
    await settle()
    connection.drain()
    subscription.pump()
    await settle()
    await append('a', '10', 'even')
    await settle()
    expect(connection.offsets).toEqual([8, 9, 10])
    expect(connection.resets).toEqual([])
  })

  it('skips and says so with the policy drop', async () => {
    const { append, subscribe, hub } = await makeHub({ slow: { a: 'drop' } })
    const { subscription, connection } = await subscribe(['a'])
    connection.block()
    for (let i = 1; i <= 5; i++) await append('a', String(i))
    await settle()
    connection.drain()
    subscription.pump()
    await settle()
    await append('a', '6')
    await settle()
    expect(connection.resets).toMatchObject([{ reason: 'dropped', latest: `${hub.epoch}.5` }])
    expect(connection.offsets).toEqual([6])
  })

  it('lets policies differ within one list', async () => {
    const { append, subscribe } = await makeHub({ slow: { l: 'latest', d: 'drop' } })
    const { subscription, connection } = await subscribe(['r', 'l', 'd'])
    connection.block()
    for (let i = 0; i < 3; i++) for (const channel of ['r', 'l', 'd']) await append(channel, 'x')
    await settle()
    connection.drain()
    subscription.pump()
    await settle()
    expect(connection.offsets).toEqual([1, 4, 7, 8])
    expect(connection.resets).toMatchObject([{ channel: 'd', reason: 'dropped' }])
    expect(subscription.live).toBe(true)
  })

  it('delivers what no log keeps to live readers alone', async () => {
    const { gate, subscribe } = await makeHub()
    const publish = () =>
      gate.log.append({ channel: 'cursor', event: 'e', payload: '1' }, { retention: 'none' })
    await publish()
    const live = await subscribe(['cursor'], { after: 'earliest' })
    await settle()
    await publish()
    await settle()
    expect(live.connection.offsets).toEqual([null])
  })

  it('writes nothing after it was closed, even with a read under way', async () => {
    const { append, subscribe, hub, gate } = await makeHub()
    await append('a', '1')
    gate.gated = true
    const { subscription, connection } = await subscribe(['a'], { after: { epoch: hub.epoch, offset: 0 } })
    expect(gate.waiting).toBe(1)
    subscription.close()
    gate.release()
    await append('a', '2')
    await settle()
    expect(connection.received).toEqual([])
  })
})

describe('what is counted', () => {
  it('encodes 5 events of one turn 5 times for 1,000 readers, and gives each the same buffer once', async () => {
    const { append, subscribe, clock, flow } = await makeHub()
    await append('a', '0') // The log's own timer for what it keeps runs from here on.
    const encoding = countingEncoding()
    const readers: FakeConnection[] = []
    for (let i = 0; i < 1_000; i++)
      readers.push((await subscribe(['a'], {}, new FakeConnection(encoding))).connection)
    await settle()
    const timers = clock.pending
    await Promise.all([1, 2, 3, 4, 5].map((i) => append('a', String(i))))
    await settle()
    expect(encoding.encoded).toBe(5)
    expect(readers.every(({ buffers }) => buffers.length === 1)).toBe(true)
    expect(new Set(readers.map(({ buffers }) => buffers[0])).size).toBe(1)
    expect(readers[0]!.offsets).toEqual([2, 3, 4, 5, 6])
    expect(clock.pending).toBe(timers)
    expect(flow.snapshot().a).toMatchObject({ deliveries: 5_000, down: { events: 5 } })
  })

  it('reads the log no more often for 2,000 resumes from one position than for one', async () => {
    const { append, subscribe, hub, gate } = await makeHub()
    const encoding = countingEncoding()
    for (let i = 1; i <= 700; i++) await append('a', String(i))
    const start = { after: { epoch: hub.epoch, offset: 100 } }
    const readers = await Promise.all(
      Array.from({ length: 2_000 }, () => subscribe(['a'], start, new FakeConnection(encoding))),
    )
    await settle()
    expect(gate.reads).toBe(3) // 600 events in pages of 256.
    expect(encoding.encoded).toBe(600)
    for (const { connection } of readers) expect(connection.offsets).toHaveLength(600)
  })

  it('lets an idle reader own no timer', async () => {
    const { subscribe, clock } = await makeHub()
    const before = clock.pending
    for (let i = 0; i < 100; i++) await subscribe([`idle/${i}`])
    await settle()
    expect(clock.pending).toBe(before)
  })
})

describe('a log out of reach', () => {
  it('fails those who subscribe meanwhile, and is asked anew by the next', async () => {
    const { hub, subscribe, append } = await makeHub()
    const watch = hub.watch
    hub.watch = () => Promise.reject(new Error('away'))
    await expect(subscribe(['a'])).rejects.toThrow('away')
    hub.watch = watch
    const { connection } = await subscribe(['a'])
    await append('a', '1')
    await settle()
    expect(connection.offsets).toEqual([1])
  })
})
