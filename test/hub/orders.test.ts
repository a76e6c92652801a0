import { describe, expect, it, onTestFinished } from 'vitest'
import type { Identity } from '../../src/hub/authorise.ts'
import { Hub } from '../../src/hub/hub.ts'
import type { Session } from '../../src/hub/session.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { LastingLog } from '../browser/lasting-log.ts'
import { FakeConnection } from './fake-connection.ts'

async function open(log = memoryLog(), clock = simulatedClock()) {
  const hub = await Hub.open({
    log,
    channels: { a: { read: 'public' } },
    authorise: { identify: () => null, allows: () => true },
    presence: memoryPresence({ clock }),
    clock,
    onError: (error) => {
      throw error
    },
  })
  onTestFinished(() => hub.close())
  const stream = async (who: Identity | null, address?: string, client?: string) => {
    const session = hub.session(who, address)
    return { session, connection: await read(session, client) }
  }
  return { hub, clock, stream }
}

async function read(session: Session, client?: string): Promise<FakeConnection> {
  const connection = new FakeConnection()
  const owner = { connection, shared: false, lost: () => {}, failed: () => {} }
  const { subscription } = await session.subscribe(['a'], { client }, owner)
  subscription.run()
  return connection
}

describe('disconnect', () => {
  it('ends the connections of a user, a client or an address, and of nobody else', async () => {
    const { hub, stream } = await open()
    const one = await stream({ id: 'one' }, '10.0.0.1', 'client-one')
    const two = await stream({ id: 'two' }, '10.0.0.2', 'client-two')
    const ended = () => [one.connection.ended, two.connection.ended]
    await hub.orders.disconnect({ user: 'nobody' }, 'busy')
    await hub.orders.disconnect({ user: 'one', address: '10.0.0.2' }, 'busy')
    expect(ended()).toEqual([undefined, undefined])
    await hub.orders.disconnect({ client: 'client-two' }, 'busy')
    expect(ended()).toEqual([undefined, 'busy'])
    await hub.orders.disconnect({ address: '10.0.0.1' }, 'drain')
    expect(ended()).toEqual(['drain', 'busy'])
    await expect(hub.orders.disconnect({}, 'busy')).rejects.toThrow('Say whom')
  })

  it('answers a poll that waits', async () => {
    const { hub } = await open()
    const session = hub.session({ id: 'one' })
    const poll = session.history(['a'], { after: 'latest', waitMs: 30_000, signal: session.signal })
    await new Promise(setImmediate)
    await hub.orders.disconnect({ user: 'one' }, 'busy')
    expect((await poll).events).toEqual([])
  })

  it('lets who was disconnected come back', async () => {
    const { hub, stream } = await open()
    await stream({ id: 'one' })
    await hub.orders.disconnect({ user: 'one' }, 'busy')
    expect((await stream({ id: 'one' })).connection.ended).toBeUndefined()
  })
})

describe('revoke', () => {
  it('ends what a user has open, and voids what was issued before', async () => {
    const { hub, clock, stream } = await open()
    const old = { id: 'one', issuedAt: clock.now() }
    const { connection } = await stream(old)
    const other = await stream({ id: 'two', issuedAt: clock.now() })
    await hub.orders.revoke('one')
    expect([connection.ended, other.connection.ended]).toEqual(['revoked', undefined])
    await expect(stream(old)).rejects.toMatchObject({ code: 'forbidden' })
    clock.advance(1)
    expect((await stream({ id: 'one', issuedAt: clock.now() })).connection.ended).toBeUndefined()
  })

  it('holds after a restart of the server, for a log that lasts', async () => {
    const lasting = new LastingLog()
    const clock = simulatedClock()
    const before = await open(lasting.open(), clock)
    const old = { id: 'one', issuedAt: clock.now() }
    await before.hub.orders.revoke('one')
    const after = await open(lasting.open(), clock)
    await expect(after.stream(old)).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('is not pushed out by any number of disconnections', async () => {
    const lasting = new LastingLog()
    const clock = simulatedClock()
    const { hub } = await open(lasting.open(), clock)
    const old = { id: 'one', issuedAt: clock.now() }
    await hub.orders.revoke('one')
    for (let i = 0; i < 10_001; i++) await hub.orders.disconnect({ user: `other ${i}` }, 'busy')
    const after = await open(lasting.open(), clock)
    await expect(after.stream(old)).rejects.toMatchObject({ code: 'forbidden' })
  })
})
